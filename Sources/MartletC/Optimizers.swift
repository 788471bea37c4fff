// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletGraph
import MartletTensors
import MartletTraining

@c(martlet_optimizer_check) @implementation
public func martlet_optimizer_check(_ description: UnsafePointer<CChar>?) -> martlet_status {
  attempt { () throws(MartletError) in
    _ = try Optimizer(.object(object(text(description, "description"), "description")))
  }
}

// MARK: Numbers

@c(martlet_model_optimizer_value) @implementation
public func martlet_model_optimizer_value(
  _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafeMutablePointer<Double>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let value = try notNull(value, "value")
    value.pointee = try session.optimizerValue(text(name, "name"))
  }
}

@c(martlet_model_set_optimizer_value) @implementation
public func martlet_model_set_optimizer_value(
  _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Double
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    try session.setOptimizerValue(text(name, "name"), value)
  }
}

@c(martlet_model_optimizer_parameter_count) @implementation
public func martlet_model_optimizer_parameter_count(_ model: OpaquePointer?) -> Int64 {
  guard let handle = borrow(ModelHandle.self, model) else { return 0 }
  return Int64(handle.session.optimizerParameterCount)
}

@c(martlet_model_set_learning_rate_schedule) @implementation
public func martlet_model_set_learning_rate_schedule(
  _ model: OpaquePointer?, _ schedule: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    try session.setLearningRate(following: .object(object(text(schedule, "schedule"), "schedule")))
  }
}

@c(martlet_model_set_learning_rate_function) @implementation
public func martlet_model_set_learning_rate_function(
  _ model: OpaquePointer?, _ function: martlet_learning_rate?, _ user: UnsafeMutableRawPointer?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let function = try notNull(function, "function")
    try session.setLearningRate { steps in
      var rate = 0.0
      return function(user, Int64(steps), &rate) == 0 ? rate : nil
    }
  }
}

@c(martlet_learning_rates) @implementation
public func martlet_learning_rates(
  _ schedule: UnsafePointer<CChar>?, _ steps: UnsafePointer<Double>?,
  _ rates: UnsafeMutablePointer<Double>?, _ count: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let schedule = try MartletC.schedule(schedule)
    guard count >= 0 else { throw .invalidArgument("the number of steps is negative: \(count)") }
    guard count > 0 else { return }
    let steps = try notNull(steps, "steps")
    let rates = try notNull(rates, "rates")
    for index in 0..<Int(count) { rates[index] = schedule.rate(at: steps[index]) }
  }
}

private func schedule(
  _ text: UnsafePointer<CChar>?
) throws(MartletError) -> any LearningRateSchedule {
  let description = try object(MartletC.text(text, "schedule"), "schedule")
  return try LearningRateSchedules.make(.object(description))
}

// MARK: State

@c(martlet_model_optimizer_weight_count) @implementation
public func martlet_model_optimizer_weight_count(_ model: OpaquePointer?) -> Int64 {
  guard let handle = borrow(ModelHandle.self, model) else { return 0 }
  return Int64(handle.session.optimizerWeights.count)
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
    let info = martlet_weight_info(
      name: weight.name, layer: weight.layer, isTrainable: false, weight.shape, in: handle.texts)
    try writeStruct(info, to: out)
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

// MARK: Steps

@c(martlet_model_apply_gradients) @implementation
public func martlet_model_apply_gradients(
  _ model: OpaquePointer?, _ gradients: UnsafePointer<martlet_array>?, _ count: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    try session.applyGradients(arrays(gradients, Int(count), "gradients"))
  }
}

@c(martlet_model_finalize_weights) @implementation
public func martlet_model_finalize_weights(_ model: OpaquePointer?) -> martlet_status {
  attempt { () throws(MartletError) in
    try MartletC.model(model).session.finalizeWeights()
  }
}
