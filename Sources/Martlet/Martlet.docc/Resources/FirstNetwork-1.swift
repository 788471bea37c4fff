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
