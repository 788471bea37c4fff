import MartletGraph
import MartletTensors

/// Where the values of a loss or metric come from.
enum ValueSource: Sendable {
  /// The core knows it.
  case described(JSONValue)
  case own(OwnValues)

  /// How the core is told of it.
  ///
  /// - Parameters:
  ///   - output: What it is for; `nil` for one too many, which the core refuses.
  ///   - graphs: Takes what is put together for it.
  func json(
    for output: Symbol?, _ graphs: inout [MartletGraph.Model]
  ) throws(MartletError) -> JSONValue {
    switch self {
    case .described(let json): return json
    case .own(let values):
      if let output { graphs.append(try values.graph(for: output)) }
      return values.json(graph: output == nil ? nil : graphs.count - 1)
    }
  }
}

/// A loss or a metric that the program puts together of symbols, once the shape of the output is known.
struct OwnValues: Sendable {
  /// Of the target and the prediction of an output: the values.
  typealias Function = @Sendable (_ target: Symbol, _ prediction: Symbol) throws -> Symbol

  let name: String
  /// What the core is told besides.
  let arguments: JSONObject
  /// Of one sample; `nil` for that of the prediction.
  let targetShape: [Int?]?
  let function: Function

  /// The function as a model of two inputs, for the shape of an output.
  func graph(for output: Symbol) throws(MartletError) -> MartletGraph.Model {
    do {
      let target = try Input(shape: targetShape ?? output.shape, name: "\(name)_target").symbol
      let prediction = try Input(shape: output.shape, name: "\(name)_prediction").symbol
      let values = try function(target, prediction)
      return try MartletGraph.Model(
        inputs: [target.core, prediction.core], outputs: [values.core])
    } catch let error as MartletError {
      throw MartletError(error.kind, "'\(name)': \(error.message)")
    } catch {
      throw .invalidArgument("'\(name)': its function threw \(error)")
    }
  }

  func json(graph: Int?) -> JSONValue {
    var config = arguments
    config["graph"] = graph.json
    return ["class_name": "Graph", "name": .text(name), "config": .object(config)]
  }
}
