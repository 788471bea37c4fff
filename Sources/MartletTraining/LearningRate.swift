import MartletGraph
import MartletTensors

/// Where the size of a step comes from.
enum LearningRate {
  case constant(Double)
  case schedule(any LearningRateSchedule, described: JSONValue)
  case function(LearningRateFunction)

  /// Reads `learning_rate`: a number, or a schedule's description.
  init(_ attributes: inout Attributes, default fallback: Double) throws(MartletError) {
    if let description = attributes.value("learning_rate"), case .object = description {
      do {
        self = try LearningRate(following: description)
      } catch {
        throw MartletError(error.kind, "\(attributes.className): learning_rate: \(error.message)")
      }
    } else {
      self = .constant(try attributes.number("learning_rate", default: fallback, atLeast: 0))
    }
  }

  /// - Parameter description: Of a schedule.
  init(following description: JSONValue) throws(MartletError) {
    self = .schedule(try LearningRateSchedules.make(description), described: description)
  }

  /// A number or the description of a schedule.
  ///
  /// - Throws: `invalidState` for a function.
  var description: JSONValue {
    get throws(MartletError) {
      switch self {
      case .constant(let rate): return .number(rate)
      case .schedule(_, let description): return description
      case .function:
        throw MartletError(
          .invalidState,
          "the learning rate comes from a function, which a file of this kind cannot hold; follow "
            + "one of the schedules that have a name, or leave the training out")
      }
    }
  }

  /// The size of the step that `steps` others came before.
  ///
  /// - Throws: `invalidState` where a function fails, `invalidArgument` where it gives no number.
  func value(after steps: Int) throws(MartletError) -> Double {
    switch self {
    case .constant(let rate): return rate
    case .schedule(let schedule, _): return schedule.rate(at: Double(steps))
    case .function(let function):
      guard let rate = function(steps) else {
        throw MartletError(.invalidState, "the learning rate's function failed at step \(steps)")
      }
      guard rate.isFinite else {
        throw .invalidArgument(
          "the learning rate's function gave \(rate) at step \(steps), expected a finite number")
      }
      return rate
    }
  }
}

/// A rate that the caller works out, from the number of steps done; `nil` where that fails.
package typealias LearningRateFunction = (_ steps: Int) -> Double?
