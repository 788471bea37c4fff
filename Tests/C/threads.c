/* The rules for threads that martlet.h gives: different models in different threads at once, one model
 * in several, errors to each its own. Meant for ThreadSanitizer, and true without it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "martlet.h"

enum { THREADS = 4, SAMPLES = 32, SIDE = 8, CLASSES = 3, ROUNDS = 5 };

static float pictures[SAMPLES * SIDE * SIDE];
static int32_t labels[SAMPLES];
static const int64_t picture_shape[] = {SAMPLES, SIDE, SIDE, 1};
static const int64_t label_shape[] = {SAMPLES};
static const martlet_array x = {pictures, picture_shape, NULL, 4, MARTLET_FLOAT32};
static const martlet_array y = {labels, label_shape, NULL, 1, MARTLET_INT32};

static void check(martlet_status status, const char *what) {
  if (status == MARTLET_OK) return;
  fprintf(stderr, "%s: %s\n", what, martlet_last_error());
  exit(1);
}

static void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "not so: %s\n", what);
  exit(1);
}

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

static martlet_model *make_model(uint64_t seed) {
  char attributes[160];
  const int64_t shape[] = {SIDE, SIDE, 1};
  martlet_symbol *input = NULL;
  martlet_model *model = NULL;
  check(martlet_input_create(&input, shape, 3, NULL), "input");
  martlet_symbol *first = input;
  martlet_symbol *at = NULL;
  martlet_layer *layer = NULL;
  snprintf(attributes, sizeof attributes,
           "{\"filters\": 4, \"kernel_size\": 3, \"activation\": \"relu\", \"kernel_initializer\": "
           "{\"class_name\": \"GlorotUniform\", \"config\": {\"seed\": %d}}}",
           (int)seed);
  check(martlet_layer_create(&layer, "Conv2D", attributes), "Conv2D");
  check(martlet_layer_call(&at, layer, &input, 1), "Conv2D");
  martlet_layer_release(layer);
  at = then(at, "Flatten", NULL);
  snprintf(attributes, sizeof attributes,
           "{\"units\": %d, \"activation\": \"softmax\", \"kernel_initializer\": "
           "{\"class_name\": \"GlorotUniform\", \"config\": {\"seed\": %d}}}",
           CLASSES, (int)seed + 1);
  at = then(at, "Dense", attributes);
  check(martlet_model_create(&model, &first, 1, &at, 1, NULL, NULL), "model");
  martlet_symbol_release(first);
  martlet_symbol_release(at);
  check(martlet_model_compile(model, "{\"optimizer\": {\"class_name\": \"Adam\"}, \"losses\": "
                                     "[{\"class_name\": \"SparseCategoricalCrossentropy\"}]}"),
        "compile");
  return model;
}

static void train(martlet_model *model, double *loss) {
  const martlet_data data = {.struct_size = sizeof data, .x = &x, .y = &y, .x_count = 1, .y_count = 1};
  const martlet_epoch_options options = {.struct_size = sizeof options, .batch_size = 8};
  for (int round = 0; round < ROUNDS; round++)
    check(martlet_model_train(model, &data, &options, loss), "train");
}

static void predict(martlet_model *model, float *found) {
  float *outputs[] = {found};
  check(martlet_model_predict(model, &x, 1, 0, NULL, outputs, 1), "predict");
}

typedef struct {
  int number;
  martlet_model *shared;
  double loss;
  float found[SAMPLES * CLASSES];
} Work;

/* A model of its own, from beginning to end. */
static void *alone(void *argument) {
  Work *work = argument;
  martlet_model *model = make_model((uint64_t)work->number);
  train(model, &work->loss);
  predict(model, work->found);
  martlet_model_release(model);
  return NULL;
}

/* The model that all share. */
static void *together(void *argument) {
  Work *work = argument;
  for (int round = 0; round < ROUNDS; round++) predict(work->shared, work->found);
  return NULL;
}

/* Every thread reads its own error, whatever the others do. */
static void *failing(void *argument) {
  Work *work = argument;
  char name[32];
  snprintf(name, sizeof name, "Layer%d", work->number);
  for (int round = 0; round < 200; round++) {
    martlet_layer *layer = NULL;
    expect(martlet_layer_create(&layer, name, NULL) == MARTLET_INVALID_ARGUMENT, "an error");
    expect(strstr(martlet_last_error(), name) != NULL, "the error of this thread");
  }
  return NULL;
}

static void all(void *(*task)(void *), Work *works) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, task, &works[i]) != 0) exit(1);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

int main(void) {
  for (int i = 0; i < SAMPLES * SIDE * SIDE; i++) pictures[i] = (float)(i * 7 % 23) / 23;
  for (int i = 0; i < SAMPLES; i++) labels[i] = i % CLASSES;
  static Work one[THREADS], many[THREADS];
  for (int i = 0; i < THREADS; i++) one[i].number = many[i].number = i;

  for (int i = 0; i < THREADS; i++) alone(&one[i]);
  all(alone, many);
  for (int i = 0; i < THREADS; i++) {
    expect(one[i].loss == many[i].loss, "the same loss beside other trainings");
    expect(memcmp(one[i].found, many[i].found, sizeof one[i].found) == 0,
           "the same predictions beside other trainings");
  }
  expect(memcmp(one[0].found, one[1].found, sizeof one[0].found) != 0, "models that differ");

  martlet_model *shared = make_model(9);
  train(shared, &one[0].loss);
  predict(shared, one[0].found);
  for (int i = 0; i < THREADS; i++) many[i].shared = shared;
  all(together, many);
  for (int i = 0; i < THREADS; i++)
    expect(memcmp(one[0].found, many[i].found, sizeof one[0].found) == 0,
           "the same predictions of one model in all threads");
  martlet_model_release(shared);

  all(failing, many);
  printf("%d threads keep to themselves and to each other\n", THREADS);
  return 0;
}
