import MartletDispatch
import MartletGraph
import MartletOps
import MartletTensors

/// A weight of a layer or model.
///
/// Reading and writing wait for computations with the layer to end.
public struct Weight: @unchecked Sendable, CustomStringConvertible {
  /// `kernel` in a layer, `encoder/dense/kernel` in a model: the models around the layer, the layer and
  /// the weight.
  public let name: String
  private let variable: Variable
  private let owner: MartletGraph.Layer

  init(name: String, _ variable: Variable, of owner: MartletGraph.Layer) {
    self.name = name
    self.variable = variable
    self.owner = owner
  }

  /// Its extents; none for a single number.
  public var shape: [Int] { variable.shape.extents }

  /// Its numbers.
  public var count: Int { variable.count }

  /// Whether training changes it: moving averages and frozen layers are not trained.
  public var isTrainable: Bool { variable.receivesGradient }

  /// A copy of its values.
  public var values: Tensor<Float> {
    get throws(MartletError) {
      let scalars = try owner.withComputeLock { () throws(MartletError) in
        Array(UnsafeBufferPointer(start: variable.values, count: variable.count))
      }
      return Tensor(checked: shape, scalars)
    }
  }

  /// Overwrites its values.
  ///
  /// - Throws: ``MartletError`` for another shape. Nothing has changed then.
  public func set(_ values: some TensorData) throws(MartletError) {
    try values.withView("values") { view throws(MartletError) in
      let expected = shape.isEmpty ? [1] : shape
      guard view.extents == expected else {
        throw .invalidArgument(
          "weight '\(name)' has shape \(variable.shape), received \(Shape.text(view.extents))")
      }
      try owner.withComputeLock { () throws(MartletError) in
        view.copy(
          into: variable.mutableValues(), with: KernelSelection.current.kernels.conversion)
      }
    }
  }

  /// `dense/kernel: (784, 10)`.
  public var description: String { "\(name): \(variable.shape)" }
}
