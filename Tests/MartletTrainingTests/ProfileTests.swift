import MartletGraph
import MartletKernelTable
import MartletTensors
import MartletTestSupport
import MartletTraining
import Testing

@Suite(.serialized) struct ProfileTests {
  private func session(compiles: Bool = true) throws -> Session {
    try makeSession(
      input: [6, 6, 1],
      [
        ("Conv2D", #"{"filters": 4, "kernel_size": 3, "name": "conv"}"#),
        ("BatchNormalization", #"{"name": "bn"}"#), ("Dropout", #"{"rate": 0.3, "seed": 5}"#),
        ("Flatten", "{}"), ("Dense", #"{"units": 3, "activation": "softmax", "name": "answer"}"#),
      ],
      compile: compiles ? "{\"optimizer\": \"Adam\", \(SessionTests.crossentropy)}" : nil)
  }

  private func data(_ count: Int) throws -> (x: TestArray, y: TestArray) {
    var numbers = SeededGenerator(seed: 2)
    return (
      try TestArray(numbers.floats(count * 36), [count, 6, 6, 1]),
      try TestArray((0..<count).map { Float($0 % 3) }, [count])
    )
  }

  private func number(_ object: JSONObject, _ key: String) throws -> Double {
    try #require(object[key]?.double)
  }

  private func rows(_ description: JSONObject) throws -> [JSONObject] {
    guard case .array(let rows)? = description["rows"] else { return [] }
    return rows.compactMap { if case .object(let row) = $0 { row } else { nil } }
  }

  @Test func trainingIsProfiledAndTakenBack() throws {
    let (x, y) = try data(70)
    var options = PassOptions()
    options.batchSize = 32
    func run(profiling: Bool) throws -> [[Float]] {
      RandomSeeds.shared.set(4)
      let session = try session()
      _ = try session.train(trainingData(x, y), options)
      if profiling {
        let before = weights(session)
        let description = try session.profile(trainingData(x, y), options).description
        #expect(weights(session) == before)
        #expect(try session.optimizerValue("iterations") == 3)
        try check(description)
      }
      _ = try session.train(trainingData(x, y), options)
      return weights(session)
    }
    // Weights, moving averages, moments and step count: all that the next training step sees.
    #expect(try run(profiling: true) == run(profiling: false))
  }

  private func check(_ description: JSONObject) throws {
    #expect(description["training"] == .boolean(true))
    #expect(description["batch_size"] == .integer(32))
    #expect(description["batches"] == .integer(10))
    let rows = try rows(description)
    let passes = rows.compactMap { if case .text(let pass)? = $0["pass"] { pass } else { nil } }
    #expect(Set(passes) == ["prepare", "forward", "loss", "backward", "update"])
    let busy = try rows.reduce(0) { try $0 + number($1, "milliseconds") }
    #expect(abs(busy - (try number(description, "busy_milliseconds"))) < 1e-9)
    #expect(abs(try rows.reduce(0) { try $0 + number($1, "share") } - 1) < 1e-9)
    #expect(try number(description, "milliseconds") > 0)
    let convolution = try #require(
      rows.first { $0["layer"] == .text("conv") && $0["pass"] == .text("forward") })
    let gflops = 2e-6 * 32 * 4 * 4 * 4 * 9 / (try number(convolution, "milliseconds"))
    #expect(abs(try number(convolution, "gflops") / gflops - 1) < 1e-9)
    let dropout = try #require(rows.first { $0["operation"] == .text("dropout") })
    #expect(dropout["gflops"] == .null)
    #expect(try number(dropout, "gigabytes_per_second") > 0)
  }

  @Test func predictionNeedsNoCompiling() throws {
    let (x, _) = try data(5)
    var data = TrainingData()
    data.x = [x.view]
    let description = try session(compiles: false).profile(data, PassOptions()).description
    #expect(description["training"] == .boolean(false))
    #expect(description["batch_size"] == .integer(5))
    // Dropout is the identity here, the normalization part of the filters, and nothing has to be
    // prepared again.
    let operations = try rows(description).map { $0["operation"] }
    #expect(
      operations == [
        "gather", "convolution + bias + batch normalization", "matrix product + bias", "softmax",
        "copy out",
      ])
  }

  @Test func progressMayStop() throws {
    let (x, y) = try data(64)
    let session = try session()
    let before = weights(session)
    var options = PassOptions()
    options.progress = { done, total, means in
      #expect(total == 10 && means.isEmpty)
      return done == 3
    }
    #expect(
      message { _ = try session.profile(trainingData(x, y), options) }
        == "stopped after batch 3 of 10")
    #expect(weights(session) == before)
  }

  @Test func mistakesAreNamed() throws {
    let (x, y) = try data(4)
    #expect(
      message { _ = try session(compiles: false).profile(trainingData(x, y), PassOptions()) }?
        .contains("is not compiled: call compile() before profiling training") == true)
    let wrong = try TestArray([1, 2], [2, 1])
    var data = TrainingData()
    data.x = [wrong.view]
    #expect(
      message { _ = try session().profile(data, PassOptions()) }
        == "x has shape (2, 1), but input 'image' expects (None, 6, 6, 1)")
    let empty = try TestArray([], [0, 6, 6, 1])
    data.x = [empty.view]
    #expect(
      message { _ = try session().profile(data, PassOptions()) }
        == "x is empty: its shape is (0, 6, 6, 1)")
  }
}
