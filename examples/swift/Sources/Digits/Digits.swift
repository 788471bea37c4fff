/// Handwritten digits in Swift: trains a network on pictures, stores it, loads it, and asks it about
/// pictures that it has not seen.
///
///     swift run -c release Digits FOLDER digits.safetensors
///
/// FOLDER holds MNIST's four files, or smaller ones that examples/make_digits.py writes. A model's
/// file that is there already is only loaded: it may come from the same program in another language.
/// After the same seed all of them find the same losses, which stand here in hexadecimal, too, for
/// nothing to be rounded away.

import Martlet

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

let epochs = 8

@main struct Digits {
  static func main() {
    do {
      let arguments = CommandLine.arguments.dropFirst()
      guard arguments.count == 2, let folder = arguments.first, let path = arguments.last else {
        throw Failure("usage: Digits FOLDER MODEL.safetensors")
      }
      if access(path, F_OK) == 0 {
        print("\(path) is there already and not trained again")
      } else {
        try train(on: pictures(folder, "train")).save(to: path)
      }
      try test(Model.load(from: path), on: pictures(folder, "test"))
    } catch {
      let text = "\(error)\n"
      write(STDERR_FILENO, text, text.utf8.count)
      exit(1)
    }
  }
}

func train(on data: Pictures) throws -> Model {
  Library.setRandomSeed(7)
  let model = try Sequential(name: "digits") {
    Input(data.images.shape[1], data.images.shape[2], 1, name: "picture")
    Rescaling(scale: 1 / 255)
    Conv2D(filters: 32, kernelSize: 3, activation: .relu)
    MaxPooling2D()
    Dropout(0.25)
    Flatten()
    Dense(units: 10, activation: .softmax)
  }
  try model.compile(
    optimizer: .adam(learningRate: 0.003), loss: .sparseCategoricalCrossentropy(),
    metrics: [.accuracy])
  try model.fit(data.images, data.labels, epochs: epochs) { progress in
    // Draws over the line of the batch before.
    let epoch = "\repoch \(progress.epoch)/\(epochs): "
    let loss = progress.results.loss
    if progress.isEndOfEpoch {
      let accuracy = progress.results["accuracy"] ?? .nan
      print(epoch + text("loss %.4f (%a), accuracy %.4f", loss, loss, accuracy))
    } else {
      let place = "batch \(progress.batch) of \(progress.batches), "
      print(epoch + place + text("loss %.4f", loss), terminator: "")
    }
    fflush(nil)
  }
  return model
}

func test(_ model: Model, on data: Pictures) throws {
  let probabilities = try model.predict(data.images)
  let right = zip(probabilities.argmax(), data.labels.scalars).count { $0 == Int($1) }
  let classes = probabilities.shape[1]
  // What the right digits were given.
  let sure = data.labels.scalars.enumerated().reduce(0.0) { sum, sample in
    sum + Double(probabilities.scalars[sample.offset * classes + Int(sample.element)])
  }
  let count = data.labels.scalars.count
  let share = Double(right) / Double(count)
  let mean = sure / Double(count)
  print(
    "\(right) of \(count) test pictures are told right: "
      + text("accuracy %.4f, mean probability %.4f (%a)", share, mean, mean))
}

/// Numbers as C's `printf` writes them.
func text(_ format: String, _ numbers: Double...) -> String {
  var line = [CChar](repeating: 0, count: 200)
  _ = withVaList(numbers) { vsnprintf(&line, line.count, format, $0) }
  return String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

// MARK: - Files in MNIST's form

struct Pictures {
  let images: Tensor<UInt8>
  let labels: Tensor<UInt8>
}

/// - Parameter part: `train` or `test`.
func pictures(_ folder: String, _ part: String) throws -> Pictures {
  let images = try bytes("\(folder)/\(part)-images.idx3-ubyte", axes: 3)
  let labels = try bytes("\(folder)/\(part)-labels.idx1-ubyte", axes: 1)
  return Pictures(images: images, labels: labels)
}

/// What an IDX file holds: two zero bytes, the type (8: bytes), the number of axes; the extents,
/// big-endian; the values.
func bytes(_ path: String, axes: Int) throws -> Tensor<UInt8> {
  let content = try read(path)
  let header = 4 * (axes + 1)
  guard content.count >= header, content[2] == 8, content[3] == axes else {
    throw Failure("\(path) is no IDX file of bytes with \(axes) axes")
  }
  let extents = (1...axes).map { axis in
    content[(4 * axis)..<(4 * axis + 4)].reduce(0) { $0 << 8 | Int($1) }
  }
  return try Tensor(shape: extents, scalars: Array(content.dropFirst(header)))
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
