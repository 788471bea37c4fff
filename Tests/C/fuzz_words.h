/* What the fuzzer puts its texts together of: names and values that the library knows, and some that it
 * must refuse. */
#include <stddef.h>

static const char *const classes[] = {
    "Conv2D", "Dense", "Flatten", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D",
    "GlobalMaxPooling2D", "Reshape", "Dropout", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU",
    "Softmax", "BatchNormalization", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
    "Concatenate", "Rescaling", "Normalization", "ZeroPadding2D", "Permute", "SpatialDropout2D",
    "GaussianNoise", "ActivityRegularization", "Resizing", "CenterCrop", "RandomCrop", "RandomFlip",
    "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
    "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization",
    "UpSampling2D", "Cropping2D", "ZeroPadding1D", "UpSampling1D", "Cropping1D", "RepeatVector",
    "Identity", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Conv1D", "MaxPooling1D",
    "AveragePooling1D", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "BatchReduction",
    "LossValues", "Slice", "Where", "Argmax", "Clip", "Constant", "ElementFunction", "Matmul",
    "Reduction", "Weight", "InputLayer", "Conv3D", "conv2d", ""};

static const char *const keys[] = {
    "filters", "kernel_size", "strides", "padding", "activation", "use_bias", "units", "rate", "axis",
    "pool_size", "target_shape", "name", "dtype", "seed", "groups", "dilation_rate", "data_format",
    "kernel_initializer", "kernel_regularizer", "bias_constraint", "momentum", "epsilon", "scale",
    "height", "width", "factor", "dims", "size", "interpolation", "cropping", "n",
    "depth_multiplier", "trainable", "noise_shape", "negative_slope", "alpha", "center", "offset",
    "mean", "variance", "fill_mode", "mode", "height_factor", "value", "shape", "function", "axes",
    "keepdims", "output_padding", "shared_axes", "max_value", "crop_to_aspect_ratio", "filtres",
    "start", "stop", "step", "initializer", "loss", "values", "stddev", "l2", "class_name",
    "learning_rate", "beta_1", "clipnorm", "weight_decay", "from_logits", "num_classes", "graph",
    "reduction", "thresholds", "k", "decay_steps", "ema_momentum", "use_ema", "label_smoothing"};

static const char *const values[] = {
    "1", "2", "3", "4", "8", "0", "-1", "5", "0.5", "1e-3", "-0.25", "1000000000", "1e18",
    "9223372036854775807", "-9223372036854775808", "1e300", "-1e400", "null", "true", "false",
    "\"same\"", "\"valid\"", "\"causal\"", "\"relu\"", "\"softmax\"", "\"sigmoid\"", "\"mean\"",
    "\"channels_first\"", "\"channels_last\"", "\"nearest\"", "\"bilinear\"", "\"none\"",
    "\"mixed_bfloat16\"", "\"float32\"", "\"glorot_uniform\"", "\"zeros\"", "\"sum\"", "\"exp\"",
    "\"horizontal\"", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "[1]", "[2, 2]", "[1, 0]", "[3, 3]",
    "[[1, 1], [1, 1]]", "[-1, 4]", "[2, 1, 3]", "[1000000000, 1000000000]", "{}",
    "{\"class_name\": \"L2\", \"config\": {\"l2\": 0.01}}",
    "{\"class_name\": \"HeNormal\", \"config\": {\"seed\": 3}}",
    "{\"class_name\": \"MaxNorm\", \"config\": {}}",
    "{\"class_name\": \"PiecewiseConstantDecay\", \"config\": {\"boundaries\": [2], \"values\": [1]}}",
    "{\"class_name\": \"CosineDecay\", \"config\": {\"initial_learning_rate\": 1, \"decay_steps\": 0}}",
    "[[[[[[[[[[[[]]]]]]]]]]]]", "[0.5, 1e400, null]", "nan", "1,", "'a'"};

/* What works, on images of 4 to 9 points a side. */
static const struct {
  const char *class_name, *attributes;
} sound[] = {
    {"Conv2D", "{\"filters\": 4, \"kernel_size\": 3, \"padding\": \"same\", \"activation\": \"relu\"}"},
    {"Conv2D", "{\"filters\": 8, \"kernel_size\": [2, 1], \"strides\": 2, \"use_bias\": false}"},
    {"Conv2D", "{\"filters\": 4, \"kernel_size\": 3, \"padding\": \"same\", \"dilation_rate\": 2}"},
    {"DepthwiseConv2D", "{\"kernel_size\": 3, \"padding\": \"same\", \"depth_multiplier\": 2}"},
    {"SeparableConv2D", "{\"filters\": 3, \"kernel_size\": 3, \"padding\": \"same\"}"},
    {"Conv2DTranspose", "{\"filters\": 3, \"kernel_size\": 2, \"strides\": 2}"},
    {"MaxPooling2D", "{\"padding\": \"same\"}"},
    {"AveragePooling2D", "{\"pool_size\": 2, \"strides\": 1, \"padding\": \"same\"}"},
    {"BatchNormalization", "{}"},
    {"LayerNormalization", "{\"axis\": [1, 2, 3]}"},
    {"GroupNormalization", "{\"groups\": 1}"},
    {"Dropout", "{\"rate\": 0.5, \"seed\": 1}"},
    {"Dense", "{\"units\": 3, \"activation\": \"softmax\"}"},
    {"Dense", "{\"units\": 4, \"kernel_regularizer\": \"l2\", \"bias_constraint\": \"non_neg\"}"},
    {"Flatten", "{}"},
    {"GlobalAveragePooling2D", "{}"},
    {"Add", "{}"},
    {"Concatenate", "{}"},
    {"Multiply", "{}"},
    {"UpSampling2D", "{\"size\": 2, \"interpolation\": \"bilinear\"}"},
    {"ZeroPadding2D", "{\"padding\": [[1, 0], [0, 2]]}"},
    {"Cropping2D", "{\"cropping\": 1}"},
    {"PReLU", "{}"},
    {"Activation", "{\"activation\": \"tanh\"}"},
    {"RandomFlip", "{\"seed\": 2}"},
    {"RandomRotation", "{\"factor\": 0.2, \"seed\": 2}"},
    {"Resizing", "{\"height\": 5, \"width\": 5}"},
    {"Rescaling", "{\"scale\": 0.1}"}};

static const char *const sound_configurations[] = {
    "{\"optimizer\": {\"class_name\": \"Adam\"}, \"losses\": [{\"class_name\": "
    "\"MeanSquaredError\"}], \"metrics\": [[{\"class_name\": \"Accuracy\", \"name\": \"a\"}]]}",
    "{\"optimizer\": {\"class_name\": \"SGD\", \"config\": {\"momentum\": 0.9}}, \"losses\": "
    "[{\"class_name\": \"SparseCategoricalCrossentropy\"}]}",
    "{\"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"clipnorm\": 1, \"use_ema\": true}}, "
    "\"losses\": [{\"class_name\": \"Crossentropy\"}], \"metrics\": [[{\"class_name\": "
    "\"ConfusionMatrix\", \"name\": \"c\", \"config\": {\"num_classes\": 3}}]]}"};

/* A loss, and a metric, that are the first graph. */
static const char graph_configuration[] =
    "{\"optimizer\": {\"class_name\": \"Adam\"}, \"losses\": [{\"class_name\": \"Graph\", "
    "\"name\": \"g\", \"config\": {\"graph\": 0}}], \"metrics\": [[{\"class_name\": \"Callers\", "
    "\"name\": \"c\"}]]}";

static const char *const schedules[] = {
    "{\"class_name\": \"ExponentialDecay\", \"config\": {\"initial_learning_rate\": 0.1, "
    "\"decay_steps\": 10, \"decay_rate\": 0.9}}",
    "{\"class_name\": \"PiecewiseConstantDecay\", \"config\": {\"boundaries\": [2], \"values\": "
    "[1, 0.5]}}",
    "{\"class_name\": \"CosineDecay\", \"config\": {\"initial_learning_rate\": \"1\", "
    "\"decay_steps\": 10}}",
    "{\"class_name\": \"CosineDekay\", \"config\": {}}", "0.1", NULL};

static const char *const weight_names[] = {"kernel", "bias", "gamma", "dense/kernel", "conv2d/bias",
                                           "kernal", "", NULL};

static const char *const optimizers[] = {"SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax",
                                         "AdamW", "Nadam", "Lion", "Ftrl", "Adan"};

static const char *const losses[] = {
    "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy",
    "MeanSquaredError", "MeanAbsoluteError", "Huber", "KLDivergence", "Poisson", "LogCosh", "Hinge",
    "CosineSimilarity", "Dice", "Tversky", "BinaryFocalCrossentropy", "Crossentropy", "Graph", "mse"};

static const char *const metrics[] = {
    "Accuracy", "Precision", "Recall", "AUC", "F1Score", "MeanIoU", "TopKCategoricalAccuracy",
    "ConfusionMatrix", "MeanSquaredError", "Callers", "Mean", "Sum", "Graph", "ExactAccuracy",
    "SparseTopKCategoricalAccuracy", "R2Score", "BinaryIoU", "accuracy"};
