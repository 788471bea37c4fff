import MartletGraph

extension Model {
  /// A table of the layers with the shapes and weights they have.
  ///
  /// ```
  /// Model: "sequential"
  /// ┌─────────────────┬────────────────────┬─────────┐
  /// │ Layer (type)    │ Output shape       │ Param # │
  /// ├─────────────────┼────────────────────┼─────────┤
  /// │ conv2d (Conv2D) │ (None, 26, 26, 32) │     320 │
  /// └─────────────────┴────────────────────┴─────────┘
  ///  Total params: 320
  ///  Trainable params: 320
  ///  Non-trainable params: 0
  /// ```
  ///
  /// Models of branches have a fourth column with the layers that each is connected to.
  public func summary() -> String {
    let model = session.model
    let calls = model.calls.filter { !isSequential || !$0.inputs.isEmpty }
    let isChain = !calls.contains { $0.inputs.count > 1 }
    var seen = Set<ObjectIdentifier>()
    var rows = [["Layer (type)", "Output shape", "Param #", "Connected to"]]
    for call in calls {
      // A layer that is called again has no weights of its own then.
      let isFirst = seen.insert(ObjectIdentifier(call.layer)).inserted
      let count = isFirst ? call.layer.variables.reduce(0) { $0 + $1.count } : 0
      rows.append([
        "\(call.layer.name) (\(call.layer.className))",
        call.shapes.map(\.batchDescription).joined(separator: ", "), grouped(count),
        call.inputs.map(\.name).joined(separator: ", "),
      ])
    }
    if isChain { rows = rows.map { Array($0.dropLast()) } }
    let trained = model.variables.filter(\.receivesGradient).reduce(0) { $0 + $1.count }
    let all = model.variables.reduce(0) { $0 + $1.count }
    return
      (["Model: \"\(model.name)\""] + table(rows, rightAligned: [2]) + [
        " Total params: \(grouped(all))", " Trainable params: \(grouped(trained))",
        " Non-trainable params: \(grouped(all - trained))",
      ]).joined(separator: "\n") + "\n"
  }

  private var isSequential: Bool { className == "Sequential" }
}
