import MartletGraph
import MartletTensors
import Testing

/// Layers that prepare and augment images: shapes, weights, configurations, messages.
struct ImageLayerTests {
  @Test func shapes() throws {
    #expect(try outputShape("Resizing", #"{"height": 4, "width": 9}"#, [6, 5, 3]) == [4, 9, 3])
    #expect(
      try outputShape(
        "Resizing", #"{"height": 4, "width": 9, "crop_to_aspect_ratio": true}"#, [1, 40, 2])
        == [4, 9, 2])
    #expect(
      try outputShape(
        "Resizing", #"{"height": 4, "width": 9, "pad_to_aspect_ratio": true}"#, [1, 40, 2])
        == [4, 9, 2])
    for name in ["CenterCrop", "RandomCrop"] {
      #expect(try outputShape(name, #"{"height": 4, "width": 3}"#, [6, 5, 3]) == [4, 3, 3])
      #expect(try outputShape(name, #"{"height": 9, "width": 3}"#, [6, 5, 3]) == [9, 3, 3])
      #expect(try outputShape(name, #"{"height": 6, "width": 3}"#, [6, 5, 3]) == [6, 3, 3])
    }
    for (className, arguments) in [
      ("RandomFlip", "{}"), ("RandomRotation", #"{"factor": 0.1}"#),
      ("RandomZoom", #"{"height_factor": 0.1}"#),
      ("RandomTranslation", #"{"height_factor": 0.1, "width_factor": [0, 1]}"#),
      ("RandomContrast", #"{"factor": 0.1}"#), ("RandomBrightness", #"{"factor": 0.1}"#),
    ] {
      #expect(try outputShape(className, arguments, [6, 5, 3]) == [6, 5, 3])
    }
    #expect(try outputShape("Normalization", "{}", [7]) == [7])
  }

  @Test func normalizationKeepsNumbersOfItsOwnUnlessGiven() throws {
    let learning = try layer("Normalization")
    _ = try learning(input(4, 5, 3))
    #expect(
      learning.variables.map { "\($0.name) \($0.shape) \($0.isTrainable)" }
        == ["mean (3,) false", "variance (3,) false", "count () false"])
    #expect(learning.variables.map(values) == [[0, 0, 0], [1, 1, 1], [0]])
    #expect(try parameterCount("Normalization", #"{"axis": []}"#, [4, 5, 3]) == 3)
    #expect(try parameterCount("Normalization", #"{"axis": [1, -1]}"#, [4, 5, 3]) == 25)
    let given = #"{"mean": [1, 2, 3], "variance": [1, 1, 4]}"#
    #expect(try parameterCount("Normalization", given, [4, 5, 3]) == 0)
  }

  @Test(arguments: [
    (
      "RandomFlip", #"{"mode": "horizontal", "seed": 3}"#,
      #""mode": "horizontal", "seed": 3, "data_format": "channels_last""#
    ),
    (
      "RandomRotation", #"{"factor": 0.25}"#,
      #""factor": [-0.25, 0.25], "seed": null, "fill_mode": "reflect", "#
        + #""interpolation": "bilinear", "fill_value": 0.0, "data_format": "channels_last""#
    ),
    (
      "RandomZoom", #"{"height_factor": [0.5, 0.25], "fill_mode": "wrap"}"#,
      #""height_factor": [0.5, 0.25], "width_factor": null, "seed": null, "fill_mode": "wrap", "#
        + #""interpolation": "bilinear", "fill_value": 0.0, "data_format": "channels_last""#
    ),
    (
      "RandomContrast", #"{"factor": 0.5, "value_range": [0, 1]}"#,
      #""factor": [0.5, 0.5], "value_range": [0.0, 1.0], "seed": null"#
    ),
    (
      "RandomBrightness", #"{"factor": [0.5, -0.25]}"#,
      #""factor": [-0.25, 0.5], "value_range": [0.0, 255.0], "seed": null"#
    ),
    (
      "Normalization", #"{"mean": 1, "variance": 2}"#,
      #""axis": [-1], "invert": false, "mean": 1, "variance": 2"#
    ),
    (
      "Resizing", #"{"height": 2, "width": 3, "pad_to_aspect_ratio": true, "fill_value": 9}"#,
      #""height": 2, "width": 3, "interpolation": "bilinear", "crop_to_aspect_ratio": false, "#
        + #""pad_to_aspect_ratio": true, "fill_mode": "constant", "fill_value": 9.0, "#
        + #""antialias": false, "data_format": "channels_last""#
    ),
    (
      "RandomCrop", #"{"height": 2, "width": 3, "seed": 5}"#,
      #""height": 2, "width": 3, "seed": 5, "data_format": "channels_last""#
    ),
    (
      "CenterCrop", #"{"height": 2, "width": 3}"#,
      #""height": 2, "width": 3, "data_format": "channels_last""#
    ),
  ])
  func configurations(_ className: String, _ arguments: String, _ expected: String) throws {
    let made = try layer(className, arguments)
    let text = JSONValue.object(made.kind.configuration).description
    #expect(text == "{\(expected)}")
    // It makes the same layer again.
    let again = try LayerRegistry.make(className, made.kind.configuration)
    #expect(JSONValue.object(again.kind.configuration).description == text)
  }

  @Test(arguments: [
    (
      "RandomFlip", #"{"mode": "sideways"}"#,
      "RandomFlip: invalid value for argument 'mode': expected 'horizontal' or 'vertical' or "
        + "'horizontal_and_vertical', received \"sideways\""
    ),
    (
      "RandomRotation", #"{"factor": 1.5}"#,
      "RandomRotation: invalid value for argument 'factor': expected a number or two from -1.0 to "
        + "1.0, received 1.5"
    ),
    (
      "RandomRotation", #"{"factor": [1, 0, 1]}"#,
      "RandomRotation: invalid value for argument 'factor': expected a number or two from -1.0 to "
        + "1.0, received [1, 0, 1]"
    ),
    (
      "RandomZoom", #"{"height_factor": -1}"#,
      "RandomZoom: invalid value for argument 'height_factor': expected a number or two from -1.0 "
        + "to 1.0, the first of which is excluded, received -1"
    ),
    (
      "RandomTranslation", #"{"height_factor": 0, "width_factor": 0, "fill_mode": "mirror"}"#,
      "RandomTranslation: invalid value for argument 'fill_mode': expected 'constant' or 'nearest' "
        + "or 'reflect' or 'wrap', received \"mirror\""
    ),
    (
      "RandomContrast", #"{"factor": -0.5}"#,
      "RandomContrast: invalid value for argument 'factor': expected a number or two from 0.0 to "
        + "1.0, received -0.5"
    ),
    (
      "RandomBrightness", #"{"factor": 0.5, "value_range": [1, 0]}"#,
      "RandomBrightness: invalid value for argument 'value_range': expected two numbers, the "
        + "lesser one first, received [1, 0]"
    ),
    (
      "Resizing", #"{"height": 0, "width": 3}"#,
      "Resizing: invalid value for argument 'height': expected an integer of at least 1, received 0"
    ),
    (
      "Resizing", #"{"height": 4, "width": 3, "antialias": true}"#,
      "Resizing: invalid value for argument 'antialias': expected false, received true"
    ),
    (
      "Resizing", #"{"height": 4, "width": 3, "interpolation": "cubic"}"#,
      "Resizing: invalid value for argument 'interpolation': expected 'nearest' or 'bilinear', "
        + "received \"cubic\""
    ),
    (
      "Resizing", #"{"height": 4, "width": 3, "fill_mode": "reflect"}"#,
      "Resizing: invalid value for argument 'fill_mode': expected 'constant', received \"reflect\""
    ),
    (
      "Resizing",
      #"{"height": 4, "width": 3, "crop_to_aspect_ratio": true, "pad_to_aspect_ratio": true}"#,
      "Resizing: crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other"
    ),
    (
      "RandomCrop", #"{"height": 4, "width": 0}"#,
      "RandomCrop: invalid value for argument 'width': expected an integer of at least 1, received 0"
    ),
    (
      "Normalization", #"{"mean": 1}"#,
      "Normalization: mean and variance must be given both or neither, received mean 1 and variance "
        + "null"
    ),
    (
      "Normalization", #"{"mean": [1, 2], "variance": [1]}"#,
      "Normalization: mean has 2 numbers and variance 1; they must be equally many"
    ),
    (
      "Normalization", #"{"mean": 1, "variance": -1}"#,
      "Normalization: invalid value for argument 'variance': expected numbers of at least 0, "
        + "received -1"
    ),
  ])
  func wrongArguments(_ className: String, _ arguments: String, _ expected: String) {
    #expect(message { _ = try layer(className, arguments) } == expected)
  }

  @Test func wrongInputs() throws {
    let flip = try layer("RandomFlip", #"{"name": "flip"}"#)
    #expect(
      message { _ = try flip(input(28, 28)) }
        == "layer 'flip': expected an input of 4 axes (batch, height, width, channels), received "
        + "(None, 28, 28); images without a channel axis become some with Reshape((28, 28, 1))")
    let normalization = try layer(
      "Normalization", #"{"mean": [1, 2], "variance": [1, 1], "name": "norm"}"#)
    #expect(
      message { _ = try normalization(input(4, 5, 3)) }
        == "layer 'norm': mean and variance have 2 numbers, but an input of shape (None, 4, 5, 3) "
        + "has 3 positions along axis (-1,)")
    let rescaling = try layer("Rescaling", #"{"scale": [1, 2], "offset": 0.5, "name": "scale"}"#)
    #expect(
      message { _ = try rescaling(input(4, 5, 3)) }
        == "layer 'scale': scale and offset have 2 numbers, but the last axis of an input of shape "
        + "(None, 4, 5, 3) has 3 positions")
    #expect(
      message { _ = try layer("Normalization", #"{"axis": 0, "name": "norm"}"#)(input(4)) }
        == "layer 'norm': axis 0 of an input of shape (None, 4) is the batch; layers work on each "
        + "sample alone")
    #expect(
      message(of: .invalidType) { _ = try layer("RandomRotation") }
        == "RandomRotation: missing the required argument 'factor'")
  }
}
