import MartletOps
import MartletTensors

/// A layer without weights that does one thing to images.
package protocol ImageLayerKind: ConfigurableLayerKind {
  associatedtype ImageOperation: Operation

  func operation(on image: (height: Int, width: Int)) -> ImageOperation
}

extension ImageLayerKind {
  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let image = try imageInput(call.inputs.map { program.shapes[$0] })
    let operation = operation(on: (image.height, image.width))
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
