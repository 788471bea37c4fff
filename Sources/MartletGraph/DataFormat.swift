import MartletOps
import MartletTensors

/// Where the channels stand in an image. Keras's names.
///
/// Operations know channels last only: layers that are told otherwise turn their input around and
/// their output back, and fusion drops the turns that cancel.
package enum DataFormat: String, CaseIterable, Sendable {
  case channelsLast = "channels_last"
  case channelsFirst = "channels_first"

  /// Of a batch, for messages.
  var axes: String {
    switch self {
    case .channelsLast: "(batch, height, width, channels)"
    case .channelsFirst: "(batch, channels, height, width)"
    }
  }

  /// As Keras counts: with the batch.
  var channelAxis: Int { self == .channelsLast ? -1 : 1 }

  /// Appends operations on an image with channels last, and what brings their result back.
  ///
  /// - Parameter body: Gets the image of the call, and gives another one or one number per channel.
  func withChannelsLast(
    _ call: LayerCall, into program: inout Program,
    _ body: (Program.ValueID, inout Program) throws(MartletError) -> Program.ValueID
  ) throws(MartletError) -> Program.ValueID {
    guard self == .channelsFirst else { return try body(call.inputs[0], &program) }
    let rank = program.shapes[call.inputs[0]].rank
    let channelsLast = TranspositionOp(order: Array(1..<rank) + [0])
    let image = try program.apply(channelsLast, to: call.inputs, layer: call.layer)
    let result = try body(image, &program)
    guard program.shapes[result].rank == rank else { return result }
    return try program.apply(channelsLast.inverse, to: [result], layer: call.layer)
  }
}
