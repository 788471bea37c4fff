// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletGraph
import MartletTensors
import MartletTraining

@c(martlet_loss_values) @implementation
public func martlet_loss_values(
  _ values: UnsafeMutablePointer<Float>?, _ capacity: Int64,
  _ count: UnsafeMutablePointer<Int64>?, _ configuration: UnsafePointer<CChar>?,
  _ yTrue: UnsafePointer<martlet_array>?, _ yPred: UnsafePointer<martlet_array>?,
  _ weights: UnsafePointer<martlet_array>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let count = try notNull(count, "count")
    let found = try Loss.values(
      .object(object(text(configuration, "configuration"), "configuration")),
      targets: array(yTrue, "y_true"), predictions: array(yPred, "y_pred"),
      weights: optionalArray(weights, "sample_weight"))
    let written = min(max(Int(clamping: capacity), 0), found.count)
    if written > 0 { try notNull(values, "values").update(from: found, count: written) }
    count.pointee = Int64(found.count)
  }
}

@c(martlet_metric_create) @implementation
public func martlet_metric_create(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ configuration: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let metric = try RunningMetric(
      .object(object(text(configuration, "configuration"), "configuration")))
    out.pointee = create(metric)
  }
}

@c(martlet_metric_release) @implementation
public func martlet_metric_release(_ metric: OpaquePointer?) { release(RunningMetric.self, metric) }

@c(martlet_metric_update) @implementation
public func martlet_metric_update(
  _ metric: OpaquePointer?, _ yTrue: UnsafePointer<martlet_array>?,
  _ yPred: UnsafePointer<martlet_array>?, _ weights: UnsafePointer<martlet_array>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    try handle(metric).update(
      targets: optionalArray(yTrue, "y_true"), predictions: array(yPred, "y_pred"),
      weights: optionalArray(weights, "sample_weight"))
  }
}

@c(martlet_metric_reset) @implementation
public func martlet_metric_reset(_ metric: OpaquePointer?) -> martlet_status {
  attempt { () throws(MartletError) in try handle(metric).reset() }
}

@c(martlet_metric_result) @implementation
public func martlet_metric_result(
  _ metric: OpaquePointer?, _ values: UnsafeMutablePointer<Double>?, _ capacity: Int64,
  _ shape: UnsafeMutablePointer<Int64>?, _ rank: UnsafeMutablePointer<Int32>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let result = try handle(metric).result()
    let rank = try notNull(rank, "rank")
    let written = min(max(Int(clamping: capacity), 0), result.values.count)
    if written > 0 { try notNull(values, "values").update(from: result.values, count: written) }
    try write(result.extents, to: shape, capacity: 2, rank: rank)
  }
}

private func handle(_ pointer: OpaquePointer?) throws(MartletError) -> RunningMetric {
  try borrow(RunningMetric.self, pointer, "metric")
}

private func array(
  _ pointer: UnsafePointer<martlet_array>?, _ name: StaticString
) throws(MartletError) -> ArrayView {
  let array = try notNull(pointer, name).pointee
  do {
    return try ArrayView(array)
  } catch {
    throw MartletError(error.kind, "\(name): \(error.message)")
  }
}

private func optionalArray(
  _ pointer: UnsafePointer<martlet_array>?, _ name: StaticString
) throws(MartletError) -> ArrayView? {
  pointer == nil ? nil : try array(pointer, name)
}
