import MartletGraph
import MartletKernelTable
import MartletTensors
import MartletTraining
import Testing

/// Every mistake in the data has one message, and it says what to do.
@Suite struct DataCheckTests {
  private func session(_ loss: String, units: Int = 3, metrics: String = "[]") throws -> Session {
    try makeSession(
      input: [4, 4, 1],
      [
        ("Flatten", "{}"),
        ("Dense", "{\"units\": \(units), \"activation\": \"softmax\", \"name\": \"out\"}"),
      ],
      compile: "{\"optimizer\": \"SGD\", \"losses\": [\"\(loss)\"], \"metrics\": [\(metrics)]}")
  }

  private func complaint(
    _ session: Session, x: [Int], y: [Int], labels: [Float]? = nil
  ) throws -> String? {
    let xArray = try TestArray([Float](repeating: 0.5, count: x.reduce(1, *)), x)
    let yArray = try TestArray(labels ?? [Float](repeating: 0, count: y.reduce(1, *)), y)
    return message { try session.check(trainingData(xArray, yArray)) }
  }

  @Test func shapesThatFit() throws {
    let sparse = try session("sparse_categorical_crossentropy")
    #expect(try complaint(sparse, x: [2, 4, 4, 1], y: [2]) == nil)
    #expect(try complaint(sparse, x: [2, 4, 4], y: [2, 1]) == nil)
    let dense = try session("categorical_crossentropy")
    #expect(try complaint(dense, x: [2, 4, 4, 1], y: [2, 3]) == nil)
  }

  @Test func inputs() throws {
    let sparse = try session("sparse_categorical_crossentropy")
    #expect(
      try complaint(sparse, x: [2, 5, 4, 1], y: [2])
        == "x has shape (2, 5, 4, 1), but input 'image' expects (None, 4, 4, 1)")
    #expect(
      try complaint(sparse, x: [4, 4, 1], y: [4])
        == "x has shape (4, 4, 1), but input 'image' expects (None, 4, 4, 1); the first axis counts "
        + "samples: for one sample use x[None]")
    #expect(
      try complaint(sparse, x: [2, 1, 4, 4], y: [2])
        == "x has shape (2, 1, 4, 4), but input 'image' expects (None, 4, 4, 1); images are channels "
        + "last: move axis 1 to the end")
    #expect(
      try complaint(sparse, x: [2, 16], y: [2])
        == "x has shape (2, 16), but input 'image' expects (None, 4, 4, 1); reshape it: the number "
        + "of elements fits")
    #expect(
      try complaint(sparse, x: [0, 4, 4, 1], y: [0])
        == "x is empty: its shape is (0, 4, 4, 1)")
    #expect(
      try complaint(sparse, x: [3, 4, 4, 1], y: [2])
        == "x has 3 samples, y has 2: every sample needs its target")
    var data = TrainingData()
    let x = try TestArray([Float](repeating: 0, count: 32), [2, 4, 4, 1])
    data.x = [x.view, x.view]
    data.y = []
    #expect(
      message { try sparse.check(data) } == "the model has 1 input (image), got 2 arrays")
    data.x = [x.view]
    #expect(
      message { try sparse.check(data) } == "the model has 1 output (out), got 0 target arrays")
  }

  @Test func labels() throws {
    let sparse = try session("sparse_categorical_crossentropy")
    #expect(
      try complaint(sparse, x: [4, 4, 4, 1], y: [4], labels: [0, 1, 2, 3])
        == "y holds label 3 (index 3), but layer 'out' has 3 outputs; use at least 4 units, or "
        + "number the classes from 0")
    #expect(
      try complaint(sparse, x: [2, 4, 4, 1], y: [2], labels: [0, -1])
        == "y holds label -1 (index 1), but layer 'out' has 3 outputs; classes are numbered 0 to 2")
    #expect(
      try complaint(sparse, x: [2, 4, 4, 1], y: [2], labels: [0.5, 1])
        == "y holds label 0.5 (index 0), but layer 'out' has 3 outputs; classes are numbered 0 to 2"
    )
    #expect(
      try complaint(sparse, x: [2, 4, 4, 1], y: [2], labels: [1, .nan])
        == "y holds label nan (index 1), but layer 'out' has 3 outputs; classes are numbered 0 to 2"
    )
    #expect(
      try complaint(sparse, x: [2, 4, 4, 1], y: [2, 3])
        == "y has shape (2, 3), but loss 'sparse_categorical_crossentropy' of layer 'out' expects "
        + "class numbers of shape (2,); y looks one-hot: use loss 'categorical_crossentropy'")
    #expect(
      try complaint(session("categorical_crossentropy"), x: [2, 4, 4, 1], y: [2])
        == "y has shape (2,), but loss 'categorical_crossentropy' of layer 'out' expects (2, 3); y "
        + "looks like class numbers: use loss 'sparse_categorical_crossentropy', or "
        + "utils.to_categorical(y, 3)")
    #expect(
      try complaint(session("mse"), x: [2, 4, 4, 1], y: [2, 4])
        == "y has shape (2, 4), but loss 'mean_squared_error' of layer 'out' expects (2, 3)")
    #expect(
      try complaint(
        session("mse"), x: [2, 4, 4, 1], y: [2, 3], labels: [0, 0, 0, .infinity, 0, 0])
        == "y holds NaN, infinity or a number beyond single precision, first in sample 1; clean the "
        + "data, for instance with numpy.nan_to_num")
  }

  @Test func sampleWeights() throws {
    let sparse = try session("sparse_categorical_crossentropy")
    let x = try TestArray([Float](repeating: 0, count: 32), [2, 4, 4, 1])
    let y = try TestArray([0, 1], [2])
    var data = trainingData(x, y)
    let wrong = try TestArray([1, 1, 1], [3])
    data.sampleWeights = [wrong.view]
    #expect(
      message { try sparse.check(data) }
        == "sample_weight: expected shape (2,), one weight per sample, got (3,)")
    data.sampleWeights = [y.view, y.view, y.view]
    #expect(
      message { try sparse.check(data) }
        == "sample_weight: expected one array, or one for each of 1 outputs, got 3")
  }
}
