import MartletGraph
import Testing

struct AutomaticNamesTests {
  @Test(arguments: [
    ("Conv2D", "conv2d"), ("MaxPooling2D", "max_pooling2d"),
    ("BatchNormalization", "batch_normalization"),
    ("GlobalAveragePooling2D", "global_average_pooling2d"), ("ReLU", "re_lu"),
    ("LeakyReLU", "leaky_re_lu"), ("PReLU", "p_re_lu"), ("UpSampling2D", "up_sampling2d"),
    ("Conv2DTranspose", "conv2d_transpose"), ("Functional", "functional"),
    ("InputLayer", "input_layer"), ("Dense", "dense"), ("ELU", "elu"), ("", ""),
  ])
  func snakeCaseIsKeras(_ className: String, _ name: String) {
    #expect(AutomaticNames.snakeCase(className) == name)
  }

  @Test func countsUntilReset() {
    let names = AutomaticNames()
    #expect(names.next(for: "Conv2D") == "conv2d")
    #expect(names.next(for: "Conv2D") == "conv2d_1")
    #expect(names.next(for: "Dense") == "dense")
    #expect(names.next(for: "Conv2D") == "conv2d_2")
    names.reset()
    #expect(names.next(for: "Conv2D") == "conv2d")
  }

  @Test func threadsGetDifferentNames() async {
    let names = AutomaticNames()
    let all = await withTaskGroup(of: [String].self) { group in
      for _ in 0..<8 {
        group.addTask { (0..<200).map { _ in names.next(for: "Dense") } }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(all).count == 1600)
  }
}
