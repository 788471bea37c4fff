import MartletOps
import MartletTensors

/// A layer without weights that does one thing to images.
package protocol ImageLayerKind: ConfigurableLayerKind {
  associatedtype ImageOperation: Operation

  /// How it takes and gives images.
  var format: DataFormat { get }

  func operation(on image: (height: Int, width: Int)) -> ImageOperation
}

extension ImageLayerKind {
  package var format: DataFormat { .channelsLast }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs, format)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let image = try imageInput(call.inputs.map { program.shapes[$0] }, format)
    let operation = operation(on: (image.height, image.width))
    return [
      try format.withChannelsLast(call, into: &program) { image, program throws(MartletError) in
        try program.apply(operation, to: [image], layer: call.layer)
      }
    ]
  }
}
