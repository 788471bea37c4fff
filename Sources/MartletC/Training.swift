// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletGraph
import MartletTensors
import MartletTraining

// MARK: Compiling

@c(martlet_model_compile) @implementation
public func martlet_model_compile(
  _ model: OpaquePointer?, _ configuration: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    try session.compile(object(text(configuration, "configuration"), "configuration"))
  }
}

@c(martlet_model_compile_graphs) @implementation
public func martlet_model_compile_graphs(
  _ model: OpaquePointer?, _ configuration: UnsafePointer<CChar>?,
  _ graphs: UnsafePointer<OpaquePointer?>?, _ graphCount: Int32
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    guard graphCount >= 0 else {
      throw .invalidArgument("the number of graphs is negative: \(graphCount)")
    }
    var models: [Model] = []
    for index in 0..<Int(graphCount) {
      models.append(try MartletC.model(notNull(graphs, "graphs")[index]).session.model)
    }
    try session.compile(
      object(text(configuration, "configuration"), "configuration"), graphs: models)
  }
}

@c(martlet_model_is_compiled) @implementation
public func martlet_model_is_compiled(_ model: OpaquePointer?) -> Int32 {
  guard let handle = borrow(ModelHandle.self, model) else { return 0 }
  return handle.session.isCompiled ? 1 : 0
}

@c(martlet_model_result_count) @implementation
public func martlet_model_result_count(_ model: OpaquePointer?) -> Int32 {
  guard let handle = borrow(ModelHandle.self, model) else { return 0 }
  return Int32(clamping: handle.session.resultNames.count)
}

@c(martlet_model_result_name) @implementation
public func martlet_model_result_name(
  _ model: OpaquePointer?, _ index: Int32
) -> UnsafePointer<CChar>! {
  guard let handle = borrow(ModelHandle.self, model) else { return nil }
  let names = handle.session.resultNames
  guard names.indices.contains(Int(index)) else { return nil }
  return handle.texts.view(names[Int(index)])
}

@c(martlet_model_result_shape) @implementation
public func martlet_model_result_shape(
  _ model: OpaquePointer?, _ index: Int32, _ shape: UnsafeMutablePointer<Int64>?,
  _ capacity: Int32, _ rank: UnsafeMutablePointer<Int32>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let extents = try MartletC.model(model).session.resultExtents
    let rank = try notNull(rank, "rank")
    guard extents.indices.contains(Int(index)) else {
      throw .invalidArgument("there are \(extents.count) results, received index \(index)")
    }
    try write(extents[Int(index)], to: shape, capacity: Int(capacity), rank: rank)
  }
}

@c(martlet_model_value_count) @implementation
public func martlet_model_value_count(_ model: OpaquePointer?) -> Int64 {
  guard let handle = borrow(ModelHandle.self, model) else { return 0 }
  return handle.session.resultExtents
    .reduce(0) { $0 + Int64($1.reduce(1, *)) }
}

// MARK: Passes

@c(martlet_model_check) @implementation
public func martlet_model_check(
  _ model: OpaquePointer?, _ data: UnsafePointer<martlet_data>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    try session.check(TrainingData(notNull(data, "data")))
  }
}

@c(martlet_model_train) @implementation
public func martlet_model_train(
  _ model: OpaquePointer?, _ data: UnsafePointer<martlet_data>?,
  _ options: UnsafePointer<martlet_epoch_options>?, _ results: UnsafeMutablePointer<Double>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let results = try notNull(results, "results")
    let means = try session.train(
      TrainingData(notNull(data, "data")), PassOptions(notNull(options, "options")))
    results.update(from: means, count: means.count)
  }
}

@c(martlet_model_evaluate) @implementation
public func martlet_model_evaluate(
  _ model: OpaquePointer?, _ data: UnsafePointer<martlet_data>?,
  _ options: UnsafePointer<martlet_epoch_options>?, _ results: UnsafeMutablePointer<Double>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let results = try notNull(results, "results")
    let means = try session.evaluate(
      TrainingData(notNull(data, "data")), PassOptions(notNull(options, "options")))
    results.update(from: means, count: means.count)
  }
}

@c(martlet_model_observe) @implementation
public func martlet_model_observe(
  _ model: OpaquePointer?, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>?>?,
  _ outputCount: Int32, _ samples: UnsafeMutablePointer<Int64>?, _ capacity: Int64
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    guard outputs != nil else {
      try session.observe(nil)
      return
    }
    guard capacity >= 1 else {
      throw .invalidArgument("capacity must be at least 1, received \(capacity)")
    }
    try session.observe(
      Session.Observation(
        outputs: places(outputs, outputCount, "outputs"), samples: notNull(samples, "samples"),
        capacity: Int(clamping: capacity)))
  }
}

@c(martlet_model_predict) @implementation
public func martlet_model_predict(
  _ model: OpaquePointer?, _ x: UnsafePointer<martlet_array>?, _ xCount: Int32, _ training: Int32,
  _ options: UnsafePointer<martlet_epoch_options>?,
  _ outputs: UnsafePointer<UnsafeMutablePointer<Float>?>?, _ outputCount: Int32
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let inputs = try arrays(x, Int(xCount), "x")
    let places = try places(outputs, outputCount, "outputs")
    let passOptions = if let options { try PassOptions(options) } else { PassOptions() }
    try session.predict(inputs, isTraining: training != 0, passOptions, into: places)
  }
}

@c(martlet_model_output_shape) @implementation
public func martlet_model_output_shape(
  _ model: OpaquePointer?, _ x: UnsafePointer<martlet_array>?, _ xCount: Int32, _ index: Int32,
  _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32, _ rank: UnsafeMutablePointer<Int32>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let shapes = try session.outputShapes(for: arrays(x, Int(xCount), "x"))
    let rank = try notNull(rank, "rank")
    guard shapes.indices.contains(Int(index)) else {
      throw .invalidArgument("there are \(shapes.count) outputs, received index \(index)")
    }
    try write(shapes[Int(index)].extents, to: shape, capacity: Int(capacity), rank: rank)
  }
}

@c(martlet_model_input_gradients) @implementation
public func martlet_model_input_gradients(
  _ model: OpaquePointer?, _ x: UnsafePointer<martlet_array>?, _ xCount: Int32,
  _ factors: UnsafePointer<martlet_array>?, _ factorCount: Int32, _ ofScores: Int32,
  _ options: UnsafePointer<martlet_epoch_options>?,
  _ gradients: UnsafePointer<UnsafeMutablePointer<Float>?>?, _ gradientCount: Int32
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let inputs = try arrays(x, Int(xCount), "x")
    let factors = try arrays(factors, Int(factorCount), "factors")
    let places = try places(gradients, gradientCount, "gradients")
    let passOptions = if let options { try PassOptions(options) } else { PassOptions() }
    try session.inputGradients(
      inputs, factors: factors, ofScores: ofScores != 0, passOptions, into: places)
  }
}

@c(martlet_model_profile) @implementation
public func martlet_model_profile(
  _ out: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ model: OpaquePointer?,
  _ data: UnsafePointer<martlet_data>?, _ options: UnsafePointer<martlet_epoch_options>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let session = try MartletC.model(model).session
    let passOptions = if let options { try PassOptions(options) } else { PassOptions() }
    let profile = try session.profile(TrainingData(notNull(data, "data")), passOptions)
    out.pointee = try createText(JSONValue.object(profile.description).description)
  }
}

/// The caller's array of places for results.
private func places(
  _ pointer: UnsafePointer<UnsafeMutablePointer<Float>?>?, _ count: Int32, _ name: StaticString
) throws(MartletError) -> [UnsafeMutablePointer<Float>] {
  guard count >= 0 else { throw .invalidArgument("the number of \(name) is negative: \(count)") }
  var places: [UnsafeMutablePointer<Float>] = []
  for index in 0..<Int(count) {
    guard let place = try notNull(pointer, name)[index] else {
      throw .invalidArgument("\(name)[\(index)] must not be NULL")
    }
    places.append(place)
  }
  return places
}

// MARK: Structs of the header

extension TrainingData {
  fileprivate init(_ pointer: UnsafePointer<martlet_data>) throws(MartletError) {
    let data = try readStruct(pointer)
    self.init()
    x = try arrays(data.x, Int(data.x_count), "x")
    y = try arrays(data.y, Int(data.y_count), "y")
    sampleWeights = try arrays(
      data.sample_weight, Int(data.sample_weight_count), "sample_weight")
    guard data.class_weight_count >= 0 else {
      throw .invalidArgument(
        "the number of class weights is negative: \(data.class_weight_count)")
    }
    for index in 0..<Int(data.class_weight_count) {
      let label = try notNull(data.classes, "classes")[index]
      let weight = try notNull(data.class_weights, "class_weights")[index]
      try weigh(Int(clamping: label), weight)
    }
  }
}

extension PassOptions {
  fileprivate init(_ pointer: UnsafePointer<martlet_epoch_options>) throws(MartletError) {
    let options = try readStruct(pointer)
    try self.init(batchSize: Int(clamping: options.batch_size))
    shuffles = options.shuffle != 0
    nonFinitePolicy =
      switch Int(options.on_nan) {
      case MARTLET_ON_NAN_STOP: .stop
      case MARTLET_ON_NAN_IGNORE: .ignore
      case MARTLET_ON_NAN_RESTORE: .restore
      default:
        throw .invalidArgument(
          "on_nan must be one of MARTLET_ON_NAN_..., received \(options.on_nan)")
      }
    continues = options.continues != 0
    guard let report = options.progress else { return }
    let user = options.user
    progress = { done, total, means in
      means.withUnsafeBufferPointer {
        report(user, Int64(done), Int64(total), $0.baseAddress, Int32(clamping: $0.count)) != 0
      }
    }
  }
}
