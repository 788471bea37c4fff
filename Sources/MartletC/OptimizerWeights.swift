// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletTensors
import MartletTraining

@c(martlet_model_optimizer_weight_count) @implementation
public func martlet_model_optimizer_weight_count(_ model: OpaquePointer?) -> Int64 {
  guard let model else { return 0 }
  return Int64(borrow(ModelHandle.self, model).session.optimizerWeights.count)
}

@c(martlet_model_optimizer_weight_info) @implementation
public func martlet_model_optimizer_weight_info(
  _ out: UnsafeMutablePointer<martlet_weight_info>?, _ model: OpaquePointer?, _ index: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let handle = try MartletC.model(model)
    let weights = handle.session.optimizerWeights
    guard weights.indices.contains(Int(index)) else {
      throw Session.noOptimizerWeight(Int(index), of: weights.count)
    }
    let weight = weights[Int(index)]
    try out.pointee.set(
      name: weight.name, layer: weight.layer, isTrainable: false, weight.shape, in: handle.texts)
  }
}

@c(martlet_model_optimizer_weight_get) @implementation
public func martlet_model_optimizer_weight_get(
  _ model: OpaquePointer?, _ index: Int64, _ values: UnsafeMutablePointer<Float>?, _ count: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let values = try notNull(values, "values")
    let session = try MartletC.model(model).session
    try session.getOptimizerWeight(Int(index), into: values, count: Int(count))
  }
}

@c(martlet_model_optimizer_weight_set) @implementation
public func martlet_model_optimizer_weight_set(
  _ model: OpaquePointer?, _ index: Int64, _ values: UnsafePointer<martlet_array>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    try session.setOptimizerWeight(Int(index), ArrayView(notNull(values, "values").pointee))
  }
}
