/// Reads handwritten digits, trains a small convolutional network on them with a line of progress, stores
/// it in a file, loads it again and says how many unseen digits it reads right.
///
///     python3 ../make_digits.py digits     writes the pictures, in MNIST's form
///     swift run -c release Digits digits   reads them from that folder
///
/// MNIST's own files do as well.

import Martlet

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@main struct Digits {
  static func main() {
    do {
      guard CommandLine.arguments.count == 2 else { throw Failure("usage: Digits FOLDER") }
      try run(in: CommandLine.arguments[1])
    } catch {
      let text = "\(error)\n"
      write(STDERR_FILENO, text, text.utf8.count)
      exit(1)
    }
  }

  static func run(in folder: String) throws {
    let (x, y) = try digits("\(folder)/train")
    let (unseen, answers) = try digits("\(folder)/test")
    let (height, width) = (x.shape[1], x.shape[2])

    Library.setRandomSeed(7)
    let model = try Sequential(name: "digits") {
      Input(height, width, 1)
      Rescaling(scale: 1 / Double(x.scalars.max() ?? 1))
      Conv2D(filters: 16, kernelSize: 3, padding: .same, activation: .relu)
      MaxPooling2D()
      Conv2D(filters: 32, kernelSize: 3, padding: .same, activation: .relu)
      Flatten()
      Dropout(0.25)
      Dense(units: 10, activation: .softmax)
    }
    try model.compile(
      optimizer: .adam(learningRate: 0.002), loss: .sparseCategoricalCrossentropy(),
      metrics: [.accuracy])
    print(model.summary())

    try model.fit(x, y, epochs: 10, validation: Samples(unseen, answers)) { progress in
      print("\r\(line(progress))", terminator: progress.isEndOfEpoch ? "\n" : "")
      fflush(nil)
    }

    let path = "\(folder)/digits.safetensors"
    try model.save(to: path)
    let loaded = try Model.load(from: path)
    let guesses = try loaded.predict(unseen).argmax()
    let right = zip(guesses, answers.scalars).count { $0 == Int($1) }
    let share = percent(right, guesses.count)
    print("\(right) of \(guesses.count) unseen digits are read right: \(share)")
  }

  /// `epoch 3/10 [=====>    ] loss: 0.2471 - accuracy: 0.9312`.
  static func line(_ progress: Progress) -> String {
    let done = 20 * progress.batch / progress.batches
    let bar = String(repeating: "=", count: done) + String(repeating: " ", count: 20 - done)
    var line = "epoch \(progress.epoch)/\(progress.epochs) [\(bar)] \(progress.results)"
    if let accuracy = progress.validation?["accuracy"] {
      line += " - unseen: \(percent(Int((accuracy * 1e4).rounded()), 10_000))"
    }
    return line
  }

  static func percent(_ part: Int, _ whole: Int) -> String {
    let tenths = (1000 * part + whole / 2) / whole
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

// MARK: - Files in MNIST's form

/// Pictures with their labels: `NAME-images.idx3-ubyte` and `NAME-labels.idx1-ubyte`.
func digits(_ name: String) throws -> (images: Tensor<UInt8>, labels: Tensor<UInt8>) {
  let images = try bytes("\(name)-images.idx3-ubyte", magic: 0x0803, axes: 3)
  let labels = try bytes("\(name)-labels.idx1-ubyte", magic: 0x0801, axes: 1)
  return (images, labels)
}

/// An array of bytes: a magic number and the extents, four bytes each and the highest first, then the
/// bytes.
func bytes(_ path: String, magic: Int, axes: Int) throws -> Tensor<UInt8> {
  let content = try read(path)
  guard content.count >= 4 * (axes + 1) else { throw Failure("\(path) is too short") }
  let header = (0...axes).map { axis in
    content[(4 * axis)..<(4 * axis + 4)].reduce(0) { $0 << 8 | Int($1) }
  }
  guard header[0] == magic else { throw Failure("\(path) is no file of bytes in \(axes) axes") }
  return try Tensor(
    shape: Array(header.dropFirst()), scalars: Array(content.dropFirst(4 * (axes + 1))))
}

func read(_ path: String) throws -> [UInt8] {
  guard let file = fopen(path, "rb") else {
    throw Failure("\(path): \(String(cString: strerror(errno)))")
  }
  defer { fclose(file) }
  var content: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&part, 1, part.count, file)
    guard count > 0 else { return content }
    content += part.prefix(count)
  }
}
