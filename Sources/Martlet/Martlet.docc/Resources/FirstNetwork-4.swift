import Martlet

/// Pictures of 8 × 8 points with a bar that lies (0) or stands (1), among random grey.
func bars(_ count: Int, seed: UInt64) throws -> (pictures: Tensor<Float>, labels: [Int]) {
  var state = seed
  func random(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
  var points: [Float] = []
  var labels: [Int] = []
  for _ in 0..<count {
    let stands = random(2)
    let place = random(8)
    labels.append(stands)
    for row in 0..<8 {
      for column in 0..<8 {
        let isBar = (stands == 1 ? column : row) == place
        points.append(isBar ? 1 : Float(random(80)) / 100)
      }
    }
  }
  return (try Tensor(shape: [count, 8, 8, 1], scalars: points), labels)
}

let (pictures, labels) = try bars(800, seed: 1)
let (unseen, answers) = try bars(200, seed: 2)

let model = try Sequential {
  Input(8, 8, 1)
  Conv2D(filters: 8, kernelSize: 3, activation: .relu)
  MaxPooling2D()
  Flatten()
  Dense(units: 2, activation: .softmax)
}
print(model.summary())

try model.compile(
  optimizer: .adam(learningRate: 0.01), loss: .sparseCategoricalCrossentropy(),
  metrics: [.accuracy])
try model.fit(pictures, labels, epochs: 10, validation: Samples(unseen, answers)) { progress in
  guard progress.isEndOfEpoch, let validation = progress.validation else { return }
  print("epoch \(progress.epoch): \(progress.results), unseen: \(validation)")
}

try model.save(to: "bars.safetensors")
let loaded = try Model.load(from: "bars.safetensors")
let guesses = try loaded.predict(unseen).argmax()
let right = zip(guesses, answers).count { $0 == $1 }
print("\(right) of \(answers.count) unseen pictures are recognized")
