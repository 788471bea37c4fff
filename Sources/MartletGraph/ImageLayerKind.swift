import MartletOps
import MartletTensors

/// A layer without weights that does one thing to images, or to sequences, which it treats as images of
/// one row.
package protocol ImageLayerKind: ConfigurableLayerKind {
  associatedtype ImageOperation: Operation

  /// 2 for images, 1 for sequences.
  var axes: Int { get }
  /// How it takes and gives images.
  var format: DataFormat { get }

  func operation(on image: (height: Int, width: Int)) -> ImageOperation
}

extension ImageLayerKind {
  package var axes: Int { 2 }
  package var format: DataFormat { .channelsLast }
  var input: SpatialInput { SpatialInput(axes: axes, format: format) }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try input.extents(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let image = try input.extents(call.inputs.map { program.shapes[$0] })
    let operation = operation(on: (image.height, image.width))
    return [
      try input.withImage(call, into: &program) { image, program throws(MartletError) in
        try program.apply(operation, to: [image], layer: call.layer)
      }
    ]
  }
}
