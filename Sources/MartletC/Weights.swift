// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletDispatch
import MartletGraph
import MartletOps
import MartletTensors

@c(martlet_layer_weight_count) @implementation
public func martlet_layer_weight_count(_ layer: OpaquePointer?) -> Int64 {
  guard let handle = borrow(LayerHandle.self, layer) else { return 0 }
  return Int64(handle.layer.weights.count)
}

@c(martlet_layer_weight_info) @implementation
public func martlet_layer_weight_info(
  _ out: UnsafeMutablePointer<martlet_weight_info>?, _ layer: OpaquePointer?, _ index: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let handle = try borrow(LayerHandle.self, layer, "layer")
    let (variable, owner) = try weight(of: handle.layer, index)
    let info = martlet_weight_info(
      name: variable.name, layer: owner.name, isTrainable: variable.receivesGradient,
      variable.shape, in: handle.texts)
    try writeStruct(info, to: out)
  }
}

@c(martlet_layer_weight_index) @implementation
public func martlet_layer_weight_index(
  _ index: UnsafeMutablePointer<Int64>?, _ layer: OpaquePointer?, _ name: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let index = try notNull(index, "index")
    index.pointee = Int64(
      try MartletC.layer(layer).weightIndex(named: try text(name, "name")))
  }
}

extension martlet_weight_info {
  /// - Parameter texts: Of the handle that the names view.
  init(name: String, layer: String, isTrainable: Bool, _ shape: Shape, in texts: TextTable) {
    self.init()
    self.name = texts.view(name)
    self.layer = texts.view(layer)
    trainable = isTrainable ? 1 : 0
    rank = Int32(shape.rank)
    withUnsafeMutableBytes(of: &self.shape) { bytes in
      let extents = bytes.bindMemory(to: Int64.self)
      for (axis, extent) in zip(extents.indices, shape.extents) { extents[axis] = Int64(extent) }
    }
    count = Int64(shape.count)
  }
}

@c(martlet_layer_get_weight) @implementation
public func martlet_layer_get_weight(
  _ layer: OpaquePointer?, _ index: Int64, _ values: UnsafeMutablePointer<Float>?, _ count: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let values = try notNull(values, "values")
    let (variable, owner) = try weight(of: MartletC.layer(layer), index)
    guard count == Int64(variable.count) else {
      throw MartletError.invalidArgument(
        "weight '\(variable.name)' of shape \(variable.shape) has \(variable.count) values, "
          + "received room for \(count)"
      ).inLayer(owner.name)
    }
    try owner.withComputeLock { () throws(MartletError) in
      values.update(from: variable.values, count: variable.count)
    }
  }
}

@c(martlet_layer_set_weights) @implementation
public func martlet_layer_set_weights(
  _ layer: OpaquePointer?, _ weights: UnsafePointer<martlet_array>?, _ count: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let layer = try MartletC.layer(layer)
    let targets = layer.weights
    guard count == Int64(targets.count) else {
      throw MartletError.invalidArgument(
        "a list of \(targets.count) weights was expected, received \(count)"
      ).inLayer(layer.name)
    }
    let sources = try arrays(weights, targets.count, "weights")
    for (index, (source, target)) in zip(sources, targets).enumerated()
    where source.extents != arrayExtents(target.variable.shape) {
      throw MartletError.invalidArgument(
        "weight \(index), '\(target.variable.name)', has shape \(target.variable.shape), "
          + "received \(Shape.text(source.extents))"
      ).inLayer(target.layer.name)
    }
    try layer.withComputeLock { () throws(MartletError) in
      let kernels = KernelSelection.current.kernels.conversion
      for (source, target) in zip(sources, targets) {
        source.copy(into: target.variable.mutableValues(), with: kernels)
      }
    }
  }
}

/// Of the array that a weight travels in: one without axes as an array of one element.
private func arrayExtents(_ shape: Shape) -> [Int] { shape.rank == 0 ? [1] : shape.extents }

/// Weight `index` in the order of `martlet_layer_weight_info`.
private func weight(
  of layer: Layer, _ index: Int64
) throws(MartletError) -> (variable: Variable, layer: Layer) {
  let weights = layer.weights
  guard index >= 0, index < Int64(weights.count) else {
    throw MartletError.invalidArgument(
      "weight \(index) was asked for, but there are \(weights.count)"
    ).inLayer(layer.name)
  }
  return weights[Int(index)]
}
