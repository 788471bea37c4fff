import MartletGraph
import MartletTensors

/// Where the size of a step comes from.
enum LearningRate {
  case constant(Double)
  case schedule(any LearningRateSchedule)
  case function(LearningRateFunction)

  /// Reads `learning_rate`: a number, or a schedule's description.
  init(_ attributes: inout Attributes, default fallback: Double) throws(MartletError) {
    if let description = attributes.value("learning_rate"), case .object = description {
      do {
        self = .schedule(try LearningRateSchedules.make(description))
      } catch {
        throw MartletError(error.kind, "\(attributes.className): learning_rate: \(error.message)")
      }
    } else {
      self = .constant(try attributes.number("learning_rate", default: fallback, atLeast: 0))
    }
  }

  /// The size of the step that `steps` others came before.
  ///
  /// - Throws: `invalidState` where a function fails, `invalidArgument` where it gives no number.
  func value(after steps: Int) throws(MartletError) -> Double {
    switch self {
    case .constant(let rate): return rate
    case .schedule(let schedule): return schedule.rate(at: Double(steps))
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
