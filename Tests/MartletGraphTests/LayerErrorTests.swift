import MartletGraph
import MartletTensors
import Testing

/// Every message a user can meet while describing layers, read whole.
struct LayerErrorTests {
  @Test(arguments: [
    (
      "Conv2D", #"{"filters": 0, "kernel_size": 3}"#,
      "Conv2D: invalid value for argument 'filters': expected an integer of at least 1, received 0"
    ),
    (
      "Conv2D", #"{"filters": 99999999999, "kernel_size": 3}"#,
      "Conv2D: invalid value for argument 'filters': expected an integer from 1 to 16777216, "
        + "received 99999999999"
    ),
    (
      "Conv2D", #"{"filters": 4, "kernel_size": [3, 0]}"#,
      "Conv2D: invalid value for argument 'kernel_size': expected integers from 1 to 16777216, "
        + "received [3, 0]"
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "groups": 2}"#,
      "Conv2D: the number of filters must be evenly divisible by the number of groups, "
        + "received groups=2, filters=3"
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "strides": 2, "dilation_rate": [1, 2]}"#,
      "Conv2D: strides > 1 are not supported together with dilation_rate > 1, "
        + "received strides=(2, 2), dilation_rate=(1, 2)"
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "padding": "causal"}"#,
      "Conv2D: invalid value for argument 'padding': expected 'valid' or 'same', "
        + "received \"causal\""
    ),
    (
      "Conv1D", #"{"filters": 3, "kernel_size": 3, "padding": "full"}"#,
      "Conv1D: invalid value for argument 'padding': expected 'valid' or 'same' or 'causal', "
        + "received \"full\""
    ),
    (
      "Conv1D", #"{"filters": 3, "kernel_size": 3, "groups": 2}"#,
      "Conv1D: the number of filters must be evenly divisible by the number of groups, "
        + "received groups=2, filters=3"
    ),
    (
      "Conv1D", #"{"filters": 3, "kernel_size": 3, "strides": 2, "dilation_rate": 2}"#,
      "Conv1D: strides > 1 are not supported together with dilation_rate > 1, "
        + "received strides=(2,), dilation_rate=(2,)"
    ),
    (
      "MaxPooling1D", #"{"padding": "causal"}"#,
      "MaxPooling1D: invalid value for argument 'padding': expected 'valid' or 'same', "
        + "received \"causal\""
    ),
    (
      "DepthwiseConv2D", #"{"kernel_size": 3, "depth_multiplier": 0}"#,
      "DepthwiseConv2D: invalid value for argument 'depth_multiplier': expected an integer of at "
        + "least 1, received 0"
    ),
    (
      "DepthwiseConv2D", #"{"kernel_size": 3, "depth_multiplyer": 2}"#,
      "DepthwiseConv2D: unknown argument 'depth_multiplyer'; did you mean 'depth_multiplier'?"
    ),
    (
      "Conv2DTranspose",
      #"{"filters": 3, "kernel_size": 3, "strides": 2, "output_padding": [1, 2]}"#,
      "Conv2DTranspose: output_padding must be less than strides, received output_padding=(1, 2), "
        + "strides=(2, 2)"
    ),
    (
      "Conv2DTranspose", #"{"filters": 3, "kernel_size": 3, "output_padding": -1}"#,
      "Conv2DTranspose: invalid value for argument 'output_padding': expected integers from 0 to "
        + "16777216, received -1"
    ),
    (
      "Conv2DTranspose", #"{"filters": 3, "kernel_size": 3, "groups": 2}"#,
      "Conv2DTranspose: unknown argument 'groups'; known are 'activation', "
        + "'activity_regularizer', 'autocast', 'bias_constraint', 'bias_initializer', "
        + "'bias_regularizer', 'data_format', 'dilation_rate', 'dtype', 'filters', "
        + "'kernel_constraint', 'kernel_initializer', 'kernel_regularizer', 'kernel_size', 'name', "
        + "'output_padding', 'padding', 'strides', 'trainable', 'use_bias'"
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "padding": "full"}"#,
      "Conv2D: invalid value for argument 'padding': expected 'valid' or 'same', received \"full\""
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "data_format": "first"}"#,
      "Conv2D: invalid value for argument 'data_format': expected 'channels_last' or "
        + "'channels_first', received \"first\""
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "activation": "rulu"}"#,
      "Conv2D: unknown activation 'rulu'; did you mean 'relu'?"
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "kernel_initializer": "glorot"}"#,
      "Conv2D: argument 'kernel_initializer': unknown initializer 'glorot'; known are 'constant', "
        + "'glorot_normal', 'glorot_uniform', 'he_normal', 'he_uniform', 'lecun_normal', "
        + "'lecun_uniform', 'ones', 'random_normal', 'random_uniform', 'truncated_normal', "
        + "'variance_scaling', 'zeros'"
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "kernel_regularizer": "l3"}"#,
      "Conv2D: argument 'kernel_regularizer': unknown regularizer 'l3'; did you mean 'l1'?"
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "bias_constraint": "max_nrm"}"#,
      "Conv2D: argument 'bias_constraint': unknown constraint 'max_nrm'; did you mean 'max_norm'?"
    ),
    (
      "Dense",
      #"{"units": 3, "activity_regularizer": {"class_name": "L2", "config": {"l2": -1}}}"#,
      "Dense: argument 'activity_regularizer': L2: invalid value for argument 'l2': expected a "
        + "number of at least 0, received -1"
    ),
    (
      "Dense", #"{"units": 3, "bias_regularizer": {"class_name": "L2", "config": {"l1": 1}}}"#,
      "Dense: argument 'bias_regularizer': L2: unknown argument 'l1'; did you mean 'l2'?"
    ),
    (
      "Dense",
      #"{"units": 3, "kernel_constraint": {"class_name": "MinMaxNorm", "config": {"min_value": 2}}}"#,
      "Dense: argument 'kernel_constraint': MinMaxNorm: invalid value for argument 'max_value': "
        + "expected at least min_value, 2.0, received 1.0"
    ),
    (
      "GaussianNoise", #"{"stddev": 2}"#,
      "GaussianNoise: invalid value for argument 'stddev': expected a number between 0 and 1, "
        + "received 2"
    ),
    (
      "ZeroPadding2D", #"{"padding": [[0, 1], [0, -1]]}"#,
      "ZeroPadding2D: invalid value for argument 'padding': expected integers from 0 to 16777216, "
        + "received [[0, 1], [0, -1]]"
    ),
    (
      "Cropping2D", #"{"cropping": -1}"#,
      "Cropping2D: invalid value for argument 'cropping': expected integers from 0 to 16777216, "
        + "received -1"
    ),
    (
      "Cropping1D", #"{"cropping": [1, -1]}"#,
      "Cropping1D: invalid value for argument 'cropping': expected integers from 0 to 16777216, "
        + "received [1, -1]"
    ),
    (
      "UpSampling2D", #"{"size": [2, 0]}"#,
      "UpSampling2D: invalid value for argument 'size': expected integers from 1 to 16777216, "
        + "received [2, 0]"
    ),
    (
      "UpSampling2D", #"{"interpolation": "cubic"}"#,
      "UpSampling2D: invalid value for argument 'interpolation': expected 'nearest' or 'bilinear', "
        + "received \"cubic\""
    ),
    (
      "LayerNormalization", #"{"axis": []}"#,
      "LayerNormalization: invalid value for argument 'axis': expected at least one axis, received []"
    ),
    (
      "LayerNormalization", #"{"rms_scaling": true}"#,
      "LayerNormalization: invalid value for argument 'rms_scaling': expected false; "
        + "RMSNormalization divides by the root mean square, received true"
    ),
    (
      "GroupNormalization", #"{"groups": 0}"#,
      "GroupNormalization: invalid value for argument 'groups': expected a positive integer, or -1 "
        + "for one group per channel, received 0"
    ),
    (
      "RepeatVector", #"{"n": 0}"#,
      "RepeatVector: invalid value for argument 'n': expected an integer of at least 1, received 0"
    ),
    (
      "Permute", #"{"dims": [1, 3]}"#,
      "Permute: invalid value for argument 'dims': expected each of the axes from 1 to 2 once, "
        + "received [1, 3]"
    ),
    (
      "Dense", #"{"units": 3, "unts": 3}"#,
      "Dense: unknown argument 'unts'; did you mean 'units'?"
    ),
    (
      "Dense", #"{"units": 3, "dtype": "float16"}"#,
      "Dense: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received "float16"; did you mean 'float32'?"#
    ),
    (
      "Conv2D", #"{"filters": 3, "kernel_size": 3, "dtype": "bfloat16"}"#,
      "Conv2D: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received "bfloat16"; did you mean 'mixed_bfloat16'?"#
    ),
    (
      "Flatten", #"{"name": "f", "dtype": "mixed_float16"}"#,
      "Flatten: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received "mixed_float16"; did you mean 'mixed_bfloat16'?"#
    ),
    (
      "Dense", #"{"units": 3, "dtype": {"config": {"name": "float64"}}}"#,
      "Dense: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received {"config": {"name": "float64"}}; did you mean 'float32'?"#
    ),
    (
      "Dense", #"{"units": 3, "dtype": "half"}"#,
      "Dense: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received "half""#
    ),
    (
      "Dense", #"{"units": 3, "dtype": {"name": "float32"}}"#,
      "Dense: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received {"name": "float32"}"#
    ),
    (
      "Dense", #"{"units": 3, "dtype": 16}"#,
      "Dense: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received 16"#
    ),
    (
      "Dense", #"{"units": 3, "name": "a/b"}"#,
      "Dense: argument 'name' must not be empty nor contain '/' or control characters, "
        + "received \"a/b\""
    ),
    (
      "Dense", #"{"units": 3, "name": ""}"#,
      "Dense: argument 'name' must not be empty nor contain '/' or control characters, "
        + "received \"\""
    ),
    (
      "Dense", #"{"units": 3, "name": "a\u0000b"}"#,
      "Dense: argument 'name' must not be empty nor contain '/' or control characters, "
        + "received \"a\\u0000b\""
    ),
    (
      "Dropout", #"{"rate": 1.5}"#,
      "Dropout: invalid value for argument 'rate': expected a number between 0 and 1, received 1.5"
    ),
    (
      "Dropout", #"{"rate": 0.5, "noise_shape": [0]}"#,
      "Dropout: invalid value for argument 'noise_shape': expected extents of at least 1 or null, "
        + "received [0]"
    ),
    (
      "ReLU", #"{"max_value": -1}"#,
      "ReLU: invalid value for argument 'max_value': expected a number of at least 0, received -1"
    ),
    (
      "LeakyReLU", #"{"alpha": -1}"#,
      "LeakyReLU: invalid value for argument 'alpha': expected a number of at least 0, received -1"
    ),
    (
      "Rescaling", #"{"scale": 1e300}"#,
      "Rescaling: invalid value for argument 'scale': expected a number within single precision, "
        + "received 1e+300"
    ),
    (
      "Rescaling", #"{"scale": [1, 2, 3], "offset": [0, 1]}"#,
      "Rescaling: scale has 3 numbers and offset 2; they must be equally many"
    ),
    (
      "BatchNormalization", #"{"renorm": true}"#,
      "BatchNormalization: invalid value for argument 'renorm': expected false, received true"
    ),
    (
      "MaxPooling2D", #"{"pool_size": [257, 256]}"#,
      "MaxPooling2D: invalid value for argument 'pool_size': expected a window of at most 65536 "
        + "points, received [257, 256]"
    ),
    (
      "Reshape", #"{"target_shape": [-1, -1]}"#,
      "Reshape: invalid value for argument 'target_shape': expected at most one unknown extent "
        + "(-1), received [-1, -1]"
    ),
    (
      "Reshape", #"{"target_shape": [0]}"#,
      "Reshape: invalid value for argument 'target_shape': expected extents of at least 1, or -1 "
        + "for one, received [0]"
    ),
    (
      "Reshape", #"{"target_shape": [1, 1, 1, 1, 1, 1, 1, 1]}"#,
      "Reshape: invalid value for argument 'target_shape': expected at most 7 axes, "
        + "received [1, 1, 1, 1, 1, 1, 1, 1]"
    ),
    (
      "InputLayer", #"{"shape": [0]}"#, "InputLayer: shape (0,) has an extent below 1"
    ),
    (
      "InputLayer", #"{"batch_shape": [32, 3]}"#,
      "InputLayer: invalid value for argument 'batch_shape': expected null in front: batches may "
        + "be of any size, received [32, 3]"
    ),
    (
      "InputLayer", #"{"shape": [null, 0]}"#,
      "InputLayer: shape (None, 0) has an extent below 1; None is a size that Input leaves open"
    ),
    (
      "InputLayer", #"{"shape": [1], "sparse": true}"#,
      "InputLayer: invalid value for argument 'sparse': expected false, received true"
    ),
    ("Conv2d", "{}", "unknown layer 'Conv2d'; did you mean 'Conv2D'?"),
  ])
  func argumentsOutOfRange(_ className: String, _ arguments: String, _ expected: String) {
    #expect(message { _ = try layer(className, arguments) } == expected)
  }

  @Test(arguments: [
    ("Dense", "{}", "Dense: missing the required argument 'units'"),
    ("Dense", #"{"units": null}"#, "Dense: null given for argument 'units'"),
    ("Dense", #"{"units": "8"}"#, "Dense: argument 'units' must be an integer, received \"8\""),
    ("Dense", #"{"units": 8.0}"#, "Dense: argument 'units' must be an integer, received 8.0"),
    (
      "Dense", #"{"units": 8, "use_bias": 1}"#,
      "Dense: argument 'use_bias' must be true or false, received 1"
    ),
    (
      "Dense", #"{"units": 8, "activation": 1}"#,
      "Dense: argument 'activation' must be text, received 1"
    ),
    ("Dense", #"{"units": 8, "name": 1}"#, "Dense: argument 'name' must be text, received 1"),
    (
      "Dense", #"{"units": 8, "kernel_initializer": 1}"#,
      "Dense: argument 'kernel_initializer': an initializer must be a name or an object with "
        + "class_name and config, received 1"
    ),
    (
      "Dense", #"{"units": 8, "kernel_regularizer": 1}"#,
      "Dense: argument 'kernel_regularizer': a regularizer must be a name or an object with "
        + "class_name and config, received 1"
    ),
    (
      "Dense", #"{"units": 8, "kernel_constraint": {"config": {}}}"#,
      "Dense: argument 'kernel_constraint': a constraint object must have a class_name, received "
        + #"{"config": {}}"#
    ),
    (
      "ZeroPadding2D", #"{"padding": [1, 2, 3]}"#,
      "ZeroPadding2D: argument 'padding' must be an integer, 2 integers, or 2 pairs of integers, "
        + "received [1, 2, 3]"
    ),
    (
      "Cropping2D", #"{"cropping": [1, [2]]}"#,
      "Cropping2D: argument 'cropping' must be an integer, 2 integers, or 2 pairs of integers, "
        + "received [1, [2]]"
    ),
    (
      "RMSNormalization", #"{"axis": "last"}"#,
      "RMSNormalization: argument 'axis' must be an integer or a list of integers, received \"last\""
    ),
    ("RepeatVector", "{}", "RepeatVector: missing the required argument 'n'"),
    (
      "PReLU", #"{"shared_axes": "all"}"#,
      "PReLU: argument 'shared_axes' must be an integer or a list of integers, received \"all\""
    ),
    (
      "Dropout", #"{"rate": 0.5, "noise_shape": 3}"#,
      "Dropout: argument 'noise_shape' must be a list of integers or null, received 3"
    ),
    (
      "Conv2D", #"{"filters": 1, "kernel_size": [3, 3, 3]}"#,
      "Conv2D: argument 'kernel_size' must be an integer or a list of 2 integers, "
        + "received [3, 3, 3]"
    ),
    (
      "Conv2D", #"{"filters": 1, "kernel_size": 2.5}"#,
      "Conv2D: argument 'kernel_size' must be an integer or a list of 2 integers, received 2.5"
    ),
    ("Dropout", #"{"rate": "x"}"#, "Dropout: argument 'rate' must be a number, received \"x\""),
    (
      "Dropout", #"{"rate": 0.5, "seed": 1.5}"#,
      "Dropout: argument 'seed' must be an integer, received 1.5"
    ),
    (
      "Conv1D", #"{"filters": 3, "kernel_size": [3, 3]}"#,
      "Conv1D: argument 'kernel_size' must be an integer or a list of 1 integer, received [3, 3]"
    ),
    (
      "SeparableConv2D", #"{"kernel_size": 3}"#,
      "SeparableConv2D: missing the required argument 'filters'"
    ),
    ("AveragePooling1D", "{}", "AveragePooling1D: missing the required argument 'pool_size'"),
    ("AveragePooling2D", "{}", "AveragePooling2D: missing the required argument 'pool_size'"),
    ("Activation", "{}", "Activation: missing the required argument 'activation'"),
    (
      "Reshape", #"{"target_shape": 3}"#,
      "Reshape: argument 'target_shape' must be a list of integers, received 3"
    ),
    (
      "Reshape", #"{"target_shape": [3, null]}"#,
      "Reshape: argument 'target_shape' must be a list of integers, received [3, null]"
    ),
    ("InputLayer", "{}", "InputLayer: missing the required argument 'shape'"),
  ])
  func argumentsOfTheWrongKind(_ className: String, _ arguments: String, _ expected: String) {
    #expect(message(of: .invalidType) { _ = try layer(className, arguments) } == expected)
  }

  @Test(
    arguments: [
      (
        "Conv2D", #"{"filters": 4, "kernel_size": 9, "name": "c"}"#, [[8, 10, 3]],
        "layer 'c': a kernel of (9, 9) does not fit into an input of shape (None, 8, 10, 3) with "
          + "padding='valid'; use padding='same' or a smaller kernel"
      ),
      (
        "Conv2D", #"{"filters": 4, "kernel_size": 3, "dilation_rate": 4, "name": "c"}"#,
        [[8, 8, 3]],
        "layer 'c': a kernel of (3, 3) with dilation_rate=(4, 4) does not fit into an input of shape "
          + "(None, 8, 8, 3) with padding='valid'; use padding='same' or a smaller kernel"
      ),
      (
        "Conv2D", #"{"filters": 4, "kernel_size": 3, "groups": 2, "name": "c"}"#, [[8, 8, 3]],
        "layer 'c': the number of input channels must be evenly divisible by the number of groups, "
          + "received groups=2, but the input has 3 channels "
          + "(full input shape is (None, 8, 8, 3))"
      ),
      (
        "Conv2D", #"{"filters": 4, "kernel_size": 3, "name": "c"}"#, [[28, 28]],
        "layer 'c': expected an input of 4 axes (batch, height, width, channels), received "
          + "(None, 28, 28); images without a channel axis become some with Reshape((28, 28, 1))"
      ),
      (
        "Conv2D", #"{"filters": 4, "kernel_size": 3, "name": "c"}"#, [[784]],
        "layer 'c': expected an input of 4 axes (batch, height, width, channels), received "
          + "(None, 784)"
      ),
      (
        "Conv2D",
        #"{"filters": 16777216, "kernel_size": 16777216, "padding": "same", "name": "c"}"#,
        [[8, 8, 3]],
        "layer 'c': weight 'kernel': shape (16777216, 16777216, 3, 16777216) has too many elements"
      ),
      (
        "Conv1D", #"{"filters": 4, "kernel_size": 5, "dilation_rate": 3, "name": "c"}"#, [[9, 3]],
        "layer 'c': a kernel of (5,) with dilation_rate=(3,) does not fit into an input of shape "
          + "(None, 9, 3) with padding='valid'; use padding='same' or a smaller kernel"
      ),
      (
        "Conv1D", #"{"filters": 4, "kernel_size": 3, "name": "c"}"#, [[100]],
        "layer 'c': expected an input of 3 axes (batch, steps, channels), received (None, 100); "
          + "sequences without a channel axis become some with Reshape((100, 1))"
      ),
      (
        "Conv1D",
        #"{"filters": 4, "kernel_size": 3, "name": "c", "data_format": "channels_first"}"#,
        [[8, 8, 3]],
        "layer 'c': expected an input of 3 axes (batch, channels, steps), received (None, 8, 8, 3)"
      ),
      (
        "MaxPooling1D", #"{"pool_size": 3, "name": "p"}"#, [[2, 5]],
        "layer 'p': a pooling window of (3,) does not fit into an input of shape (None, 2, 5): "
          + "the output would have no points; use padding='same', a smaller pool_size or fewer "
          + "poolings"
      ),
      (
        "GlobalMaxPooling1D", #"{"name": "p"}"#, [[2, 5, 1]],
        "layer 'p': expected an input of 3 axes (batch, steps, channels), received (None, 2, 5, 1)"
      ),
      (
        "DepthwiseConv2D", #"{"kernel_size": [3, 9], "name": "c"}"#, [[8, 8, 3]],
        "layer 'c': a kernel of (3, 9) does not fit into an input of shape (None, 8, 8, 3) with "
          + "padding='valid'; use padding='same' or a smaller kernel"
      ),
      (
        "SeparableConv2D", #"{"filters": 4, "kernel_size": 3, "name": "c"}"#, [[28, 28]],
        "layer 'c': expected an input of 4 axes (batch, height, width, channels), received "
          + "(None, 28, 28); images without a channel axis become some with Reshape((28, 28, 1))"
      ),
      (
        "Conv2DTranspose",
        #"{"filters": 4, "kernel_size": 2, "strides": 2, "padding": "same", "output_padding": 0, "name": "c"}"#,
        [[1, 1, 3]],
        "layer 'c': the output would have no points: an input of shape (None, 1, 1, 3), "
          + "kernel_size=(2, 2), padding='same' and output_padding=(0, 0); leave output_padding away"
      ),
      (
        "Conv2DTranspose", #"{"filters": 4, "kernel_size": 2, "strides": 16777216, "name": "c"}"#,
        [[1024, 1024, 3]],
        "layer 'c': shape (17179869188, 17179869188, 4) has too many elements"
      ),
      (
        "MaxPooling2D", #"{"pool_size": 3, "name": "p"}"#, [[2, 5, 1]],
        "layer 'p': a pooling window of (3, 3) does not fit into an input of shape (None, 2, 5, 1): "
          + "the output would have no points; use padding='same', a smaller pool_size or fewer "
          + "poolings"
      ),
      (
        "GlobalAveragePooling2D", #"{"name": "p"}"#, [[5]],
        "layer 'p': expected an input of 4 axes (batch, height, width, channels), received (None, 5)"
      ),
      (
        "Dense", #"{"units": 3, "name": "d"}"#, [[]],
        "layer 'd': expected an input of at least 2 axes (batch, features), received (None,)"
      ),
      (
        "Dense", #"{"units": 3, "name": "d"}"#, [[3], [3]],
        "layer 'd': expected 1 input, received 2; the inputs come from 'in0', 'in1'"
      ),
      ("Dense", #"{"units": 3, "name": "d"}"#, [], "layer 'd': expected 1 input, received 0"),
      (
        "Reshape", #"{"target_shape": [5], "name": "r"}"#, [[2, 3]],
        "layer 'r': the total size of the tensor must be unchanged, received an input of shape "
          + "(None, 2, 3) with 6 elements, target_shape=(5,)"
      ),
      (
        "Reshape", #"{"target_shape": [4, -1], "name": "r"}"#, [[2, 3]],
        "layer 'r': the total size of the tensor must be unchanged, received an input of shape "
          + "(None, 2, 3) with 6 elements, target_shape=(4, -1)"
      ),
      (
        "Softmax", #"{"axis": 0, "name": "s"}"#, [[4]],
        "layer 's': axis 0 of an input of shape (None, 4) is the batch; layers work on each sample "
          + "alone"
      ),
      (
        "Softmax", #"{"axis": -3, "name": "s"}"#, [[4]],
        "layer 's': axis -3 is out of range for an input of shape (None, 4)"
      ),
      (
        "BatchNormalization", #"{"axis": 2, "name": "b"}"#, [[4]],
        "layer 'b': axis 2 is out of range for an input of shape (None, 4)"
      ),
      (
        "Activation", #"{"activation": "softmax", "name": "a"}"#, [[]],
        "layer 'a': softmax needs an axis beside the batch, received an input of shape (None,)"
      ),
      (
        "Concatenate", #"{"name": "c"}"#, [[3, 3], [4, 3]],
        "layer 'c': inputs must have matching shapes except for the concatenation axis -1, received "
          + "(None, 3, 3), (None, 4, 3); the inputs come from 'in0', 'in1'"
      ),
      (
        "Concatenate", #"{"name": "c"}"#, [[3, 3], [3]],
        "layer 'c': inputs must have matching shapes except for the concatenation axis -1, received "
          + "(None, 3, 3), (None, 3); the inputs come from 'in0', 'in1'"
      ),
      (
        "Concatenate", #"{"name": "c"}"#, [[6, 6, 8], [7, 7, 4]],
        "layer 'c': inputs must have matching shapes except for the concatenation axis -1, received "
          + "(None, 6, 6, 8), (None, 7, 7, 4); Cropping2D, ZeroPadding2D or Resizing bring images to "
          + "one size; the inputs come from 'in0', 'in1'"
      ),
      (
        "Concatenate", #"{"name": "c"}"#, [],
        "layer 'c': expected a list of at least 1 input, received none"
      ),
      (
        "Add", #"{"name": "a"}"#, [],
        "layer 'a': expected a list of at least 1 input, received none"
      ),
      (
        "Add", #"{"name": "a"}"#, [[3], [4]],
        "layer 'a': addition of unlike shapes: (None, 3) and (None, 4); the inputs come from "
          + "'in0', 'in1'"
      ),
      (
        "Maximum", #"{"name": "m"}"#, [[2, 3], [2, 3], [4, 3]],
        "layer 'm': maximum of unlike shapes: (None, 2, 3) and (None, 2, 3) and (None, 4, 3); the "
          + "inputs come from 'in0', 'in1', 'in2'"
      ),
      (
        "LayerNormalization", #"{"axis": [1, -2], "name": "n"}"#, [[4, 5]],
        "layer 'n': axis (1, -2) names an axis of an input of shape (None, 4, 5) twice"
      ),
      (
        "UnitNormalization", #"{"axis": 3, "name": "n"}"#, [[4, 5]],
        "layer 'n': axis 3 is out of range for an input of shape (None, 4, 5)"
      ),
      (
        "GroupNormalization", #"{"name": "g"}"#, [[8, 8, 12]],
        "layer 'g': groups=32 does not divide the 12 channels of an input of shape "
          + "(None, 8, 8, 12); possible are 1, 2, 3, 4, 6, 12, and -1 for one per channel"
      ),
      (
        "GroupNormalization", #"{"axis": 0, "name": "g"}"#, [[8]],
        "layer 'g': axis 0 of an input of shape (None, 8) is the batch; layers work on each sample "
          + "alone"
      ),
      (
        "UpSampling2D", #"{"name": "u"}"#, [[8, 8]],
        "layer 'u': expected an input of 4 axes (batch, height, width, channels), received "
          + "(None, 8, 8); images without a channel axis become some with Reshape((8, 8, 1))"
      ),
      (
        "UpSampling2D", #"{"size": 16777216, "name": "u"}"#, [[8, 8, 1]],
        "layer 'u': shape (134217728, 134217728, 1) has too many elements"
      ),
      (
        "Cropping2D", #"{"cropping": [[2, 3], [0, 1]], "name": "c"}"#, [[5, 4, 1]],
        "layer 'c': cropping ((2, 3), (0, 1)) must leave something of the height 5 and the width 4 "
          + "of an input of shape (None, 5, 4, 1)"
      ),
      (
        "Cropping1D", #"{"cropping": [2, 3], "name": "c"}"#, [[5, 4]],
        "layer 'c': cropping (2, 3) must leave something of the 5 steps of an input of shape "
          + "(None, 5, 4)"
      ),
      (
        "UpSampling1D", #"{"name": "u"}"#, [[5]],
        "layer 'u': expected an input of 3 axes (batch, steps, channels), received (None, 5); "
          + "sequences without a channel axis become some with Reshape((5, 1))"
      ),
      (
        "RepeatVector", #"{"n": 2, "name": "r"}"#, [[5, 4]],
        "layer 'r': expected an input of 2 axes (batch, features), received (None, 5, 4)"
      ),
    ] as [(String, String, [[Int]], String)])
  func inputsThatDoNotFit(
    _ className: String, _ arguments: String, _ inputs: [[Int]], _ expected: String
  ) throws {
    let made = try layer(className, arguments)
    let symbols = try inputs.enumerated().map { index, extents in
      try Layer.input(Shape(extents), name: "in\(index)")
    }
    #expect(message { _ = try made.call(symbols) } == expected)
    // A call that failed leaves nothing behind.
    #expect(made.variables.isEmpty)
  }

  @Test func aBuiltLayerKeepsToItsInput() throws {
    let dense = try layer("Dense", #"{"units": 3, "name": "d"}"#)
    _ = try dense(input(4))
    #expect(
      message { _ = try dense(input(5)) }
        == "layer 'd': expected axis -1 of the input to have value 4, received an input of shape "
        + "(None, 5); its weights were made for (None, 4)")
    let convolution = try layer("Conv2D", #"{"filters": 3, "kernel_size": 3, "name": "c"}"#)
    _ = try convolution(input(8, 8, 1))
    #expect(
      message { _ = try convolution(input(9, 9, 3)) }
        == "layer 'c': expected axis -1 of the input to have value 1, received an input of shape "
        + "(None, 9, 9, 3); its weights were made for (None, 8, 8, 1)")
    let normalization = try layer("BatchNormalization", #"{"axis": 1, "name": "b"}"#)
    _ = try normalization(input(4, 5))
    #expect(
      message { _ = try normalization(input(3, 5)) }
        == "layer 'b': expected axis 1 of the input to have value 4, received an input of shape "
        + "(None, 3, 5); its weights were made for (None, 4, 5)")
    // The last of several axes may be the one that agrees.
    let rows = try layer("LayerNormalization", #"{"axis": [1, 2], "name": "l"}"#)
    _ = try rows(input(4, 5))
    #expect(
      message { _ = try rows(input(3, 5)) }
        == "layer 'l': expected inputs of shape (None, 4, 5), received an input of shape "
        + "(None, 3, 5); its weights were made for (None, 4, 5)")
  }

  @Test func inputsAreCalledOnce() throws {
    let symbol = try input(3, name: "in")
    #expect(
      message(of: .invalidState) { _ = try symbol.layer() }
        == "layer 'in': an input cannot be called again")
    let fresh = try layer("InputLayer", #"{"shape": [3], "name": "in"}"#)
    #expect(
      message { _ = try fresh(symbol) } == "layer 'in': expected no inputs, received 1")
    #expect(
      message { _ = try input(1, 1, 1, 1, 1, 1, 1, 1) }
        == "an input has at most 7 axes beside the batch, received (1, 1, 1, 1, 1, 1, 1, 1)")
    #expect(
      message { _ = try input(1, name: "a/b") }
        == "argument 'name' must not be empty nor contain '/' or control characters, "
        + "received \"a/b\"")
  }
}
