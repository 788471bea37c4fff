/* Builds, trains and predicts with nothing but martlet.h: the C side of the tests, and an example
 * to begin from.
 *
 * The problem: pictures of 8 by 8 points with a bright bar, which is upright (class 0) or lies
 * (class 1), among noise. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "martlet.h"

enum { SAMPLES = 256, SIDE = 8, PIXELS = SIDE * SIDE, CLASSES = 2, EPOCHS = 8 };

static int failures = 0;

#define EXPECT(condition)                                               \
  do {                                                                  \
    if (!(condition)) {                                                 \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      failures++;                                                       \
    }                                                                   \
  } while (0)

/* Ends the program if a call that must succeed fails. */
static void check(martlet_status status, const char *what) {
  if (status == MARTLET_OK) return;
  fprintf(stderr, "%s: %s\n", what, martlet_last_error());
  exit(1);
}

/* Whether a call failed as it should, with a message that says what it must. */
static int failed(martlet_status status, martlet_status expected, const char *part) {
  if (status == expected && strstr(martlet_last_error(), part) != NULL) return 1;
  fprintf(stderr, "status %d with '%s', expected %d with '%s'\n", (int)status,
          martlet_last_error(), (int)expected, part);
  return 0;
}

/* A small generator, so that the data is the same everywhere. */
static uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static void make_pictures(uint8_t *images, int32_t *labels) {
  uint32_t state = 1;
  for (int n = 0; n < SAMPLES; n++) {
    uint8_t *image = images + n * PIXELS;
    for (int i = 0; i < PIXELS; i++) image[i] = (uint8_t)(next_random(&state) % 100);
    labels[n] = n % CLASSES;
    int place = (int)(next_random(&state) % SIDE);
    for (int i = 0; i < SIDE; i++)
      image[labels[n] == 0 ? i * SIDE + place : place * SIDE + i] = 255;
  }
}

/* Calls a layer on one symbol and lets go of both: the new symbol holds what it needs. */
static martlet_symbol *then(martlet_symbol *input, const char *class_name,
                            const char *attributes) {
  martlet_layer *layer = NULL;
  martlet_symbol *output = NULL;
  check(martlet_layer_create(&layer, class_name, attributes), class_name);
  check(martlet_layer_call(&output, layer, &input, 1), class_name);
  martlet_layer_release(layer);
  martlet_symbol_release(input);
  return output;
}

static martlet_model *make_model(void) {
  const int64_t shape[] = {SIDE, SIDE, 1};
  martlet_symbol *input = NULL;
  check(martlet_input_create(&input, shape, 3, "picture"), "input");

  martlet_layer *scale = NULL;
  martlet_symbol *x = NULL;
  check(martlet_layer_create(&scale, "Rescaling", "{\"scale\": 0.00392156862745098}"), "scale");
  check(martlet_layer_call(&x, scale, &input, 1), "scale");
  martlet_layer_release(scale);

  x = then(x, "Conv2D",
           "{\"filters\": 8, \"kernel_size\": 3, \"activation\": \"relu\", \"name\": \"bars\"}");
  x = then(x, "MaxPooling2D", NULL);
  x = then(x, "Flatten", NULL);
  x = then(x, "Dense", "{\"units\": 2, \"activation\": \"softmax\", \"name\": \"head\"}");

  martlet_model *model = NULL;
  check(martlet_model_create(&model, &input, 1, &x, 1, NULL, "bars_or_rows"), "model");
  martlet_symbol_release(input);
  martlet_symbol_release(x);
  return model;
}

struct watch {
  int64_t calls;
  int64_t batches;
};

static int32_t watching(void *user, int64_t done, int64_t count, const double *results,
                        int32_t result_count) {
  struct watch *watch = user;
  watch->calls++;
  watch->batches = count;
  EXPECT(done == watch->calls);
  EXPECT(result_count == 2 && isfinite(results[0]));
  return 0;
}

static int32_t stopping(void *user, int64_t done, int64_t count, const double *results,
                        int32_t result_count) {
  (void)user, (void)count, (void)results, (void)result_count;
  return done == 2;
}

static void train(martlet_model *model, const martlet_data *data) {
  check(martlet_model_compile(
            model,
            "{\"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.01}},"
            " \"losses\": [{\"class_name\": \"SparseCategoricalCrossentropy\", \"config\": {}}],"
            " \"metrics\": [[{\"class_name\": \"Accuracy\", \"name\": \"accuracy\"}]]}"),
        "compile");
  EXPECT(martlet_model_is_compiled(model) == 1);
  EXPECT(martlet_model_result_count(model) == 2);
  EXPECT(strcmp(martlet_model_result_name(model, 0), "loss") == 0);
  EXPECT(strcmp(martlet_model_result_name(model, 1), "accuracy") == 0);
  EXPECT(martlet_model_result_name(model, 2) == NULL);
  check(martlet_model_check(model, data), "check");

  struct watch watch = {0, 0};
  martlet_epoch_options options = {0};
  options.struct_size = sizeof options;
  options.batch_size = 32;
  options.shuffle = 1;
  options.progress = watching;
  options.user = &watch;
  double first[2] = {0}, last[2] = {0};
  for (int epoch = 0; epoch < EPOCHS; epoch++) {
    watch.calls = 0;
    check(martlet_model_train(model, data, &options, epoch == 0 ? first : last), "train");
    EXPECT(watch.calls == 8 && watch.batches == 8);
  }
  printf("loss %.4f, then %.4f; accuracy %.3f\n", first[0], last[0], last[1]);
  EXPECT(last[0] < first[0] / 2);
  EXPECT(last[1] > 0.95);

  double steps = 0;
  check(martlet_model_optimizer_value(model, "iterations", &steps), "iterations");
  EXPECT(steps == 8 * EPOCHS);

  /* Step count and learning rate, then two moments of each of four weights. */
  EXPECT(martlet_model_optimizer_weight_count(model) == 10);
  martlet_weight_info info = {0};
  info.struct_size = sizeof info;
  check(martlet_model_optimizer_weight_info(&info, model, 5), "optimizer weight info");
  EXPECT(strcmp(info.name, "bars_bias_velocity") == 0 && strcmp(info.layer, "bars") == 0);
  float count = 0;
  check(martlet_model_optimizer_weight_get(model, 0, &count, 1), "optimizer weight");
  EXPECT(count == 8 * EPOCHS);
  const int64_t one[] = {1};
  const float rate = 0.02f;
  const martlet_array rates = {&rate, one, NULL, 1, MARTLET_FLOAT32};
  check(martlet_model_optimizer_weight_set(model, 1, &rates), "set an optimizer weight");
  double set = 0;
  check(martlet_model_optimizer_value(model, "learning_rate", &set), "learning rate");
  EXPECT(set == rate);

  double now[2] = {0};
  options.progress = NULL;
  check(martlet_model_evaluate(model, data, &options, now), "evaluate");
  EXPECT(now[1] > 0.95);

  options.progress = stopping;
  EXPECT(martlet_model_train(model, data, &options, now) == MARTLET_STOPPED);
}

static void predict(martlet_model *model, const martlet_data *data, const int32_t *labels) {
  static float probabilities[SAMPLES][CLASSES];
  float *outputs[] = {&probabilities[0][0]};
  check(martlet_model_predict(model, data->x, 1, 0, NULL, outputs, 1), "predict");
  int right = 0;
  for (int n = 0; n < SAMPLES; n++) {
    EXPECT(fabsf(probabilities[n][0] + probabilities[n][1] - 1) < 1e-5f);
    right += (probabilities[n][1] > probabilities[n][0]) == (labels[n] == 1);
  }
  printf("%d of %d pictures are told right\n", right, SAMPLES);
  EXPECT(right > SAMPLES * 95 / 100);
}

static void explain(martlet_model *model, const martlet_data *data) {
  static float gradients[SAMPLES][PIXELS];
  static float factors[SAMPLES][CLASSES];
  const int64_t shape[] = {SAMPLES, CLASSES};
  const martlet_array weights = {factors, shape, NULL, 2, MARTLET_FLOAT32};
  float *places[] = {&gradients[0][0]};
  factors[3][1] = 1;
  check(martlet_model_input_gradients(model, data->x, 1, &weights, 1, 1, NULL, places, 1),
        "input gradients");
  float here = 0, elsewhere = 0;
  for (int i = 0; i < PIXELS; i++) {
    here += fabsf(gradients[3][i]);
    elsewhere += fabsf(gradients[4][i]);
  }
  EXPECT(here > 0 && elsewhere == 0);
}

static void profile(martlet_model *model, const martlet_data *data) {
  char *text = NULL;
  check(martlet_model_profile(&text, model, data, NULL), "profile");
  EXPECT(strstr(text, "\"layer\": \"bars\"") != NULL);
  EXPECT(strstr(text, "\"pass\": \"backward\"") != NULL);
  martlet_text_release(text);
}

static void read_weights(martlet_model *model) {
  martlet_layer *layer = NULL;
  check(martlet_model_as_layer(&layer, model), "as layer");
  EXPECT(martlet_layer_weight_count(layer) == 4);
  martlet_weight_info info = {0};
  info.struct_size = sizeof info;
  check(martlet_layer_weight_info(&info, layer, 0), "weight info");
  EXPECT(strcmp(info.name, "kernel") == 0 && strcmp(info.layer, "bars") == 0);
  EXPECT(info.rank == 4 && info.shape[0] == 3 && info.shape[3] == 8 && info.count == 72);
  float kernel[72];
  check(martlet_layer_get_weight(layer, 0, kernel, 72), "get weight");
  EXPECT(martlet_layer_get_weight(layer, 0, kernel, 71) == MARTLET_INVALID_ARGUMENT);
  EXPECT(martlet_layer_get_weight(layer, 4, kernel, 72) == MARTLET_INVALID_ARGUMENT);

  char *description = NULL;
  check(martlet_model_describe(&description, model), "describe");
  EXPECT(strstr(description, "\"bars_or_rows\"") != NULL);
  martlet_text_release(description);
  martlet_layer_release(layer);
}

/* Whether two models predict the same bits. */
static int same_predictions(martlet_model *first, martlet_model *second,
                            const martlet_data *data) {
  static float a[SAMPLES * CLASSES], b[SAMPLES * CLASSES];
  float *to_a[] = {a}, *to_b[] = {b};
  check(martlet_model_predict(first, data->x, 1, 0, NULL, to_a, 1), "predict");
  check(martlet_model_predict(second, data->x, 1, 0, NULL, to_b, 1), "predict");
  return memcmp(a, b, sizeof a) == 0;
}

/* Writes a model and trains on, from the model and from the file, which has to be the same. */
static void save_and_load(martlet_model *model, const martlet_data *data) {
  const char *path = "bars.safetensors";
  check(martlet_model_save(model, path, "{\"metadata\": {\"by\": \"train.c\"}}"), "save");
  martlet_epoch_options options = {0};
  options.struct_size = sizeof options;
  options.batch_size = 32;
  options.shuffle = 1;
  double expected[2] = {0}, results[2] = {0};
  check(martlet_model_train(model, data, &options, expected), "train on");

  martlet_model *again = NULL;
  check(martlet_model_load(&again, path), "load");
  EXPECT(martlet_model_is_compiled(again) == 1);
  EXPECT(!same_predictions(model, again, data));
  check(martlet_model_train(again, data, &options, results), "train on from the file");
  EXPECT(memcmp(expected, results, sizeof results) == 0);
  EXPECT(same_predictions(model, again, data));
  martlet_model_release(again);

  char *metadata = NULL;
  check(martlet_model_file_metadata(&metadata, path), "metadata");
  EXPECT(strstr(metadata, "\"by\": \"train.c\"") != NULL);
  martlet_text_release(metadata);

  remove(path);
  again = NULL;
  EXPECT(failed(martlet_model_load(&again, path), MARTLET_FILE_ERROR, path));
  EXPECT(failed(martlet_model_save(model, "no/such/folder", NULL), MARTLET_FILE_ERROR, "no/such"));
  EXPECT(again == NULL);
}

static void make_mistakes(martlet_model *model, const martlet_data *data) {
  martlet_layer *layer = NULL;
  EXPECT(failed(martlet_layer_create(&layer, "Covn2D", NULL), MARTLET_INVALID_ARGUMENT, "Conv2D"));
  EXPECT(failed(martlet_layer_create(&layer, "Dense", "{\"units\": 8, \"use_bais\": true}"),
                MARTLET_INVALID_ARGUMENT, "use_bias"));
  EXPECT(failed(martlet_layer_create(&layer, "Dense", "{\"units\": \"8\"}"),
                MARTLET_INVALID_TYPE, "units"));
  EXPECT(failed(martlet_layer_create(&layer, "Dense", "{\"units\": 3, \"activation\": \"rulu\"}"),
                MARTLET_INVALID_ARGUMENT, "relu"));
  EXPECT(martlet_layer_create(&layer, "Dense", "{\"units\": ") == MARTLET_INVALID_ARGUMENT);
  EXPECT(martlet_layer_create(NULL, "Dense", NULL) == MARTLET_INVALID_ARGUMENT);
  EXPECT(layer == NULL);

  int32_t labels[SAMPLES] = {0};
  labels[17] = 5;
  martlet_array y = *data->y;
  y.data = labels;
  martlet_data wrong = *data;
  wrong.y = &y;
  EXPECT(failed(martlet_model_check(model, &wrong), MARTLET_INVALID_ARGUMENT, "17"));

  const int64_t shape[] = {SAMPLES, SIDE, SIDE + 1, 1};
  martlet_array x = *data->x;
  x.shape = shape;
  wrong = *data;
  wrong.x = &x;
  EXPECT(failed(martlet_model_check(model, &wrong), MARTLET_INVALID_ARGUMENT, "picture"));
  EXPECT(martlet_model_train(model, data, NULL, NULL) == MARTLET_INVALID_ARGUMENT);

  /* Releasing nothing is fine. */
  martlet_layer_release(NULL);
  martlet_symbol_release(NULL);
  martlet_model_release(NULL);
  martlet_text_release(NULL);
}

int main(void) {
  EXPECT(martlet_abi_version() == MARTLET_ABI_VERSION);
  printf("martlet %s on %s, %d threads\n", martlet_version(), martlet_instruction_set(),
         (int)martlet_thread_count());
  martlet_set_random_seed(1);

  static uint8_t images[SAMPLES * PIXELS];
  static int32_t labels[SAMPLES];
  make_pictures(images, labels);
  const int64_t image_shape[] = {SAMPLES, SIDE, SIDE, 1};
  const int64_t label_shape[] = {SAMPLES};
  const martlet_array x = {images, image_shape, NULL, 4, MARTLET_UINT8};
  const martlet_array y = {labels, label_shape, NULL, 1, MARTLET_INT32};
  martlet_data data = {0};
  data.struct_size = sizeof data;
  data.x = &x;
  data.y = &y;
  data.x_count = 1;
  data.y_count = 1;

  martlet_model *model = make_model();
  martlet_epoch_options options = {0};
  options.struct_size = sizeof options;
  options.batch_size = 32;
  double results[2];
  EXPECT(martlet_model_train(model, &data, &options, results) == MARTLET_INVALID_STATE);
  train(model, &data);
  predict(model, &data, labels);
  explain(model, &data);
  profile(model, &data);
  predict(model, &data, labels);
  read_weights(model);
  save_and_load(model, &data);
  make_mistakes(model, &data);
  martlet_model_release(model);
  if (failures == 0) puts("all well");
  return failures == 0 ? 0 : 1;
}
