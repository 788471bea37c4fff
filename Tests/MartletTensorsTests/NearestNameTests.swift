import MartletTensors
import Testing

@Suite struct NearestNameTests {
  let known = ["relu", "sigmoid", "softmax", "tanh"]

  @Test(arguments: [
    ("rulu", "relu"), ("RELU", "relu"), ("sofmax", "softmax"), ("sigmiod", "sigmoid"),
    ("tahn", "tanh"),
  ])
  func nearest(_ name: String, _ expected: String) {
    #expect(nearestName(to: name, among: known) == expected)
  }

  @Test func nothingNear() {
    #expect(nearestName(to: "convolution", among: known) == nil)
    #expect(
      unknownName("convolution", kind: "activation", known: known).message
        == "unknown activation 'convolution'; known are 'relu', 'sigmoid', 'softmax', 'tanh'")
    #expect(
      unknownName("rulu", kind: "activation", known: known).message
        == "unknown activation 'rulu'; did you mean 'relu'?")
  }
}
