/* A program of the time of martlet-1.h, which is the header as it was when ABI version 1 was
 * frozen. Neither changes any more: built against that header, the program must go on running with
 * every library of the version. It calls each function at least once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "martlet-1.h"

enum { SAMPLES = 48, SIDE = 6, PIXELS = SIDE * SIDE, CLASSES = 3 };

#define EXPECT(condition)                                                       \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition, \
              martlet_last_error());                                            \
      exit(1);                                                                  \
    }                                                                           \
  } while (0)
#define CHECK(call) EXPECT((call) == MARTLET_OK)

static float images[SAMPLES * PIXELS];
static int32_t labels[SAMPLES];
static const int64_t image_shape[] = {SAMPLES, SIDE, SIDE, 1};
static const martlet_array x = {images, image_shape, NULL, 4, MARTLET_FLOAT32};
static const martlet_array y = {labels, image_shape, NULL, 1, MARTLET_INT32};

static void make_data(void) {
  uint32_t state = 1;
  for (int n = 0; n < SAMPLES; n++) {
    labels[n] = n % CLASSES;
    for (int i = 0; i < PIXELS; i++) {
      state = state * 1664525u + 1013904223u;
      images[n * PIXELS + i] = (float)(state >> 8) / (1 << 24) + (float)(i / SIDE / 2 == n % 3);
    }
  }
}

static void use_settings(void) {
  EXPECT(martlet_abi_version() == MARTLET_ABI_VERSION);
  EXPECT(strlen(martlet_version()) >= 5 && strlen(martlet_instruction_set()) >= 3);
  EXPECT(strcmp(martlet_settings_warning(), "") == 0);
  EXPECT(strcmp(martlet_last_error(), "") == 0);
  CHECK(martlet_set_thread_count(2));
  EXPECT(martlet_thread_count() == 2);
  CHECK(martlet_set_matmul_precision("highest"));
  EXPECT(strcmp(martlet_matmul_precision(), "highest") == 0);

  martlet_set_random_seed(3);
  uint64_t position = martlet_random_position();
  uint64_t seed = martlet_next_random_seed();
  martlet_set_random_seed(position);
  EXPECT(martlet_next_random_seed() == seed);
  martlet_reset_names();
}

static martlet_symbol *then(martlet_symbol *input, const char *class_name,
                            const char *attributes) {
  martlet_layer *layer = NULL;
  martlet_symbol *output = NULL;
  CHECK(martlet_layer_create(&layer, class_name, attributes));
  CHECK(martlet_layer_call(&output, layer, &input, 1));
  martlet_layer_release(layer);
  martlet_symbol_release(input);
  return output;
}

static martlet_model *make_model(void) {
  martlet_symbol *input = NULL, *output = NULL, *hidden = NULL;
  CHECK(martlet_input_create(&input, image_shape + 1, 3, NULL));
  martlet_layer *convolution = NULL;
  CHECK(martlet_layer_create(&convolution, "Conv2D", "{\"filters\": 4, \"kernel_size\": 3}"));
  EXPECT(martlet_layer_is_built(convolution) == 0);
  int32_t outputs = martlet_layer_output_count(convolution);
  CHECK(martlet_layer_call_all(&hidden, outputs, convolution, &input, 1));
  EXPECT(martlet_layer_is_built(convolution) == 1);
  EXPECT(strcmp(martlet_layer_name(convolution), "conv2d") == 0);
  EXPECT(strcmp(martlet_layer_class_name(convolution), "Conv2D") == 0);
  char *configuration = NULL;
  CHECK(martlet_layer_config(&configuration, convolution));
  EXPECT(strstr(configuration, "\"filters\": 4") != NULL);
  martlet_text_release(configuration);
  CHECK(martlet_layer_set_trainable(convolution, 0));
  EXPECT(martlet_layer_is_trainable(convolution) == 0);
  CHECK(martlet_layer_set_trainable(convolution, 1));
  martlet_layer_release(convolution);

  int64_t shape[3];
  int32_t rank = 0;
  CHECK(martlet_symbol_shape(hidden, shape, 3, &rank));
  EXPECT(rank == 3 && shape[0] == 4 && shape[1] == 4 && shape[2] == 4);

  martlet_layer *dropout = NULL;
  martlet_symbol *dropped = NULL;
  uint64_t seed = 0;
  CHECK(martlet_layer_create(&dropout, "Dropout", "{\"rate\": 0.1}"));
  EXPECT(martlet_layer_is_random(dropout) == 1);
  CHECK(martlet_layer_set_seed(dropout, 5));
  CHECK(martlet_layer_seed(&seed, dropout));
  EXPECT(seed == 5);
  CHECK(martlet_layer_call(&dropped, dropout, &hidden, 1));
  martlet_layer_release(dropout);
  martlet_symbol_release(hidden);

  output = then(dropped, "Flatten", NULL);
  output = then(output, "Dense", "{\"units\": 3, \"activation\": \"softmax\"}");
  martlet_model *model = NULL;
  CHECK(martlet_model_create(&model, &input, 1, &output, 1, "Functional", "frozen"));
  martlet_symbol_release(input);
  martlet_symbol_release(output);
  return model;
}

static int32_t count_batches(void *user, int64_t done, int64_t count, const double *values,
                             int32_t value_count) {
  EXPECT(done <= count && value_count == 2 && isfinite(values[0]));
  ++*(int *)user;
  return 0;
}

static int32_t halve(void *user, int64_t steps, double *rate) {
  *rate = *(double *)user / (double)(1 + steps);
  return 0;
}

static void train(martlet_model *model) {
  EXPECT(martlet_model_is_compiled(model) == 0);
  CHECK(martlet_optimizer_check("{\"class_name\": \"Adam\", \"config\": {}}"));
  CHECK(martlet_model_compile(
      model,
      "{\"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.01}},"
      " \"losses\": [{\"class_name\": \"SparseCategoricalCrossentropy\", \"config\": {}}],"
      " \"metrics\": [[{\"class_name\": \"Accuracy\", \"name\": \"accuracy\"}]]}"));
  EXPECT(martlet_model_is_compiled(model) == 1);
  EXPECT(martlet_model_result_count(model) == 2 && martlet_model_value_count(model) == 2);
  EXPECT(strcmp(martlet_model_result_name(model, 1), "accuracy") == 0);
  int64_t shape[2];
  int32_t rank = -1;
  CHECK(martlet_model_result_shape(model, 0, shape, 2, &rank));
  EXPECT(rank == 0);

  const int64_t classes[] = {0, 1};
  const double weights[] = {1, 2};
  float sample_weights[SAMPLES];
  for (int n = 0; n < SAMPLES; n++) sample_weights[n] = 1;
  const martlet_array sample_weight = {sample_weights, image_shape, NULL, 1, MARTLET_FLOAT32};
  const martlet_data data = {.struct_size = sizeof data,
                             .x = &x,
                             .y = &y,
                             .sample_weight = &sample_weight,
                             .x_count = 1,
                             .y_count = 1,
                             .sample_weight_count = 1,
                             .class_weight_count = 2,
                             .classes = classes,
                             .class_weights = weights};
  CHECK(martlet_model_check(model, &data));
  int batches = 0;
  const martlet_epoch_options options = {.struct_size = sizeof options,
                                         .batch_size = 16,
                                         .shuffle = 1,
                                         .on_nan = MARTLET_ON_NAN_RESTORE,
                                         .progress = count_batches,
                                         .user = &batches,
                                         .continues = 0};
  double first[2], results[2];
  CHECK(martlet_model_train(model, &data, &options, first));
  EXPECT(batches == SAMPLES / 16);
  for (int epoch = 0; epoch < 30; epoch++)
    CHECK(martlet_model_train(model, &data, &options, results));
  EXPECT(results[0] < first[0] / 2);
  CHECK(martlet_model_evaluate(model, &data, &options, results));
  EXPECT(results[1] > 0.9);

  char *profile = NULL;
  CHECK(martlet_model_profile(&profile, model, &data, NULL));
  EXPECT(strstr(profile, "\"rows\"") != NULL);
  martlet_text_release(profile);

  double value = 0;
  CHECK(martlet_model_optimizer_value(model, "iterations", &value));
  EXPECT(value == 31 * SAMPLES / 16);
  CHECK(martlet_model_set_optimizer_value(model, "learning_rate", 0.5));
  const char *schedule =
      "{\"class_name\": \"ExponentialDecay\", \"config\": {\"initial_learning_rate\": 0.1,"
      " \"decay_steps\": 1, \"decay_rate\": 0.5}}";
  const double steps[] = {0, 1};
  double rates[2];
  CHECK(martlet_learning_rates(schedule, steps, rates, 2));
  EXPECT(fabs(rates[0] - 0.1) < 1e-6 && fabs(rates[1] - 0.05) < 1e-6);
  CHECK(martlet_model_set_learning_rate_schedule(model, schedule));
  double rate = 0.01;
  CHECK(martlet_model_set_learning_rate_function(model, halve, &rate));
  CHECK(martlet_model_train(model, &data, &options, results));
  CHECK(martlet_model_finalize_weights(model));
}

static void use_optimizer(martlet_model *model) {
  EXPECT(martlet_model_optimizer_parameter_count(model) > 2 * (3 * 3 * 4 + 4));
  CHECK(martlet_model_set_optimizer_value(model, "iterations", 7));
  CHECK(martlet_model_set_learning_rate_schedule(
      model,
      "{\"class_name\": \"CosineDecay\", \"config\": {\"initial_learning_rate\": 0.1,"
      " \"decay_steps\": 9}}"));
  int64_t parts = martlet_model_optimizer_weight_count(model);
  EXPECT(parts == 1 + 2 * 4);
  martlet_weight_info info = {.struct_size = sizeof info};
  CHECK(martlet_model_optimizer_weight_info(&info, model, 0));
  EXPECT(info.rank == 0 && info.count == 1 && strcmp(info.name, "iteration") == 0);
  float iterations = 0;
  CHECK(martlet_model_optimizer_weight_get(model, 0, &iterations, 1));
  EXPECT(iterations == 7);
  iterations = 8;
  const int64_t one[] = {1};
  const martlet_array array = {&iterations, one, NULL, 1, MARTLET_FLOAT32};
  CHECK(martlet_model_optimizer_weight_set(model, 0, &array));

  martlet_layer *layer = NULL;
  CHECK(martlet_model_as_layer(&layer, model));
  int64_t count = martlet_layer_weight_count(layer);
  EXPECT(count == 4);
  martlet_array gradients[4];
  martlet_weight_info infos[4];
  float *values[4];
  for (int64_t index = 0; index < count; index++) {
    infos[index].struct_size = sizeof infos[index];
    CHECK(martlet_layer_weight_info(&infos[index], layer, index));
    values[index] = calloc((size_t)infos[index].count, sizeof(float));
    EXPECT(values[index] != NULL && infos[index].trainable == 1 && infos[index].layer != NULL);
    CHECK(martlet_layer_get_weight(layer, index, values[index], infos[index].count));
    const martlet_array gradient = {values[index], infos[index].shape, NULL, infos[index].rank,
                                    MARTLET_FLOAT32};
    gradients[index] = gradient;
  }
  CHECK(martlet_model_apply_gradients(model, gradients, count));
  CHECK(martlet_layer_set_weights(layer, gradients, count));
  for (int64_t index = 0; index < count; index++) free(values[index]);
  martlet_layer_release(layer);
}

static void ask(martlet_model *model) {
  static float probabilities[SAMPLES * CLASSES], gradients[SAMPLES * PIXELS];
  float *outputs[] = {probabilities}, *places[] = {gradients};
  CHECK(martlet_model_predict(model, &x, 1, 0, NULL, outputs, 1));
  EXPECT(fabsf(probabilities[0] + probabilities[1] + probabilities[2] - 1) < 1e-5f);
  int64_t shape[1];
  int32_t rank = 0;
  CHECK(martlet_model_output_shape(model, &x, 1, 0, shape, 1, &rank));
  EXPECT(rank == 1 && shape[0] == CLASSES);
  const int64_t factor_shape[] = {SAMPLES, CLASSES};
  const martlet_array factors = {probabilities, factor_shape, NULL, 2, MARTLET_FLOAT32};
  CHECK(martlet_model_input_gradients(model, &x, 1, &factors, 1, 1, NULL, places, 1));
  EXPECT(gradients[0] != 0);

  char *text = NULL;
  CHECK(martlet_model_describe(&text, model));
  EXPECT(strstr(text, "\"frozen\"") != NULL);
  martlet_text_release(text);
}

static void use_files(martlet_model *model) {
  const char *path = "abi-1.safetensors";
  char *metadata = NULL;
  martlet_model *loaded = NULL;
  CHECK(martlet_model_save(model, path, "{\"training\": false, \"metadata\": {\"by\": \"abi\"}}"));
  CHECK(martlet_model_file_metadata(&metadata, path));
  EXPECT(strstr(metadata, "\"by\": \"abi\"") != NULL);
  martlet_text_release(metadata);
  CHECK(martlet_model_load(&loaded, path));
  EXPECT(martlet_model_is_compiled(loaded) == 0);
  martlet_model_release(loaded);
  remove(path);
  EXPECT(martlet_model_load(&loaded, path) == MARTLET_FILE_ERROR);
}

static int32_t squares(void *user, int64_t count, const float *targets, const float *predictions,
                       float *values, float *gradients) {
  (void)user;
  for (int64_t n = 0; n < count; n++) {
    float difference = predictions[n] - targets[n];
    values[n] = difference * difference;
    gradients[n] = 2 * difference;
  }
  return 0;
}

/* A model with a loss of the program's own and a metric that it works out itself. */
static void use_graphs(void) {
  const int64_t one[] = {1}, open[] = {MARTLET_OPEN, 1};
  martlet_symbol *sides[2] = {NULL, NULL}, *value = NULL;
  martlet_layer *loss = NULL;
  martlet_model *graph = NULL;
  CHECK(martlet_input_create(&sides[0], one, 1, NULL));
  CHECK(martlet_input_create(&sides[1], one, 1, NULL));
  CHECK(martlet_layer_create_loss(&loss, NULL, squares, NULL));
  CHECK(martlet_layer_call(&value, loss, sides, 2));
  CHECK(martlet_model_create(&graph, sides, 2, &value, 1, NULL, NULL));
  martlet_layer_release(loss);
  martlet_symbol_release(sides[0]);
  martlet_symbol_release(sides[1]);
  martlet_symbol_release(value);

  martlet_symbol *input = NULL;
  CHECK(martlet_input_create(&input, open, 2, NULL));
  martlet_symbol_release(input);
  CHECK(martlet_input_create(&input, image_shape + 1, 3, NULL));
  martlet_layer *flatten = NULL;
  martlet_symbol *output = NULL;
  CHECK(martlet_layer_create(&flatten, "Flatten", NULL));
  CHECK(martlet_layer_call(&output, flatten, &input, 1));
  martlet_layer_release(flatten);
  output = then(output, "Dense", "{\"units\": 1}");
  martlet_model *model = NULL;
  CHECK(martlet_model_create(&model, &input, 1, &output, 1, NULL, NULL));
  martlet_symbol_release(input);
  martlet_symbol_release(output);
  const martlet_model *graphs[] = {graph};
  CHECK(martlet_model_compile_graphs(
      model,
      "{\"optimizer\": {\"class_name\": \"SGD\", \"config\": {\"learning_rate\": 0.001}},"
      " \"losses\": [{\"class_name\": \"Graph\", \"config\": {\"graph\": 0}}],"
      " \"metrics\": [[{\"class_name\": \"Callers\", \"name\": \"mine\"}]]}",
      graphs, 1));
  martlet_model_release(graph);

  float seen[16];
  float *outputs[] = {seen};
  int64_t samples[16] = {-1};
  CHECK(martlet_model_observe(model, outputs, 1, samples, 16));
  const martlet_data data = {
      .struct_size = sizeof data, .x = &x, .y = &y, .x_count = 1, .y_count = 1};
  const martlet_epoch_options options = {.struct_size = sizeof options, .batch_size = 16};
  double results[2];
  CHECK(martlet_model_train(model, &data, &options, results));
  EXPECT(isfinite(results[0]) && samples[0] == SAMPLES - 16);
  martlet_model_release(model);
}

static void measure(void) {
  const float numbers[] = {1, 2, 3, 4};
  const int64_t shape[] = {4, 1};
  const martlet_array array = {numbers, shape, NULL, 2, MARTLET_FLOAT32};
  float loss = -1;
  int64_t count = 0;
  CHECK(martlet_loss_values(&loss, 1, &count, "{\"class_name\": \"MeanSquaredError\"}", &array,
                            &array, NULL));
  EXPECT(loss == 0 && count == 1);

  martlet_metric *metric = NULL;
  double mean = 0;
  int64_t extents[2];
  int32_t rank = -1;
  CHECK(martlet_metric_create(&metric, "{\"class_name\": \"Mean\", \"name\": \"mean\"}"));
  CHECK(martlet_metric_update(metric, NULL, &array, NULL));
  CHECK(martlet_metric_reset(metric));
  CHECK(martlet_metric_update(metric, NULL, &array, NULL));
  CHECK(martlet_metric_result(metric, &mean, 1, extents, &rank));
  EXPECT(rank == 0 && mean == 2.5);
  martlet_metric_release(metric);
}

int main(void) {
  make_data();
  use_settings();
  martlet_model *model = make_model();
  train(model);
  use_optimizer(model);
  ask(model);
  use_files(model);
  martlet_model_release(model);
  use_graphs();
  measure();
  puts("a program built against the header of ABI version 1 runs");
  return 0;
}
