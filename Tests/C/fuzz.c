/* Feeds the library nonsense through martlet.h: nothing may crash, hang, or reach beyond its arrays.
 *
 *   fuzz CORPUS [COUNT [SEED]]   all files of a folder, then COUNT inputs made of them by chance
 *   fuzz FILE                    one input again: what a crash leaves in fuzz-last.bin
 *
 * An input is a program for the machine below: its first byte says what the others are (calls, the
 * attributes of a layer, a configuration, a model file). Handles are used while they live, or are NULL;
 * arrays are as large as the header asks for, to the byte, so that AddressSanitizer sees more than
 * a crash. A call that fails must have a message, and a status that the header lists for its function. With -fsanitize=fuzzer and -DMARTLET_LIBFUZZER, libFuzzer drives the same machine. */
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz_words.h"
#include "martlet.h"
#include "statuses.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED
#endif

#ifdef IS_SANITIZED
/* What asks for too much is told that there is none, as without a sanitizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "allocator_may_return_null=1:max_allocation_size_mb=2048";
}
#endif

/* ---- The input ------------------------------------------------------------------------------ */

typedef struct {
  const uint8_t *next;
  size_t left;
} Input;

/* Behind the end a number that stands for something sound in most places. */
static unsigned byte(Input *in) {
  if (in->left == 0) return 37;
  in->left--;
  return *in->next++;
}

/* 0 ... count - 1 */
static unsigned choice(Input *in, unsigned count) { return byte(in) % count; }

static void *allocate(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (memory == NULL) abort();
  return memory;
}

/* ---- Texts ---------------------------------------------------------------------------------- */

typedef struct {
  char bytes[2048];
  size_t count;
} Text;

static void put(Text *text, const char *part) {
  const size_t count = strlen(part);
  if (text->count + count >= sizeof text->bytes) return;
  memcpy(text->bytes + text->count, part, count + 1);
  text->count += count;
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define PICK(in, array) array[choice(in, COUNT(array))]

static void put_object(Text *text, Input *in) {
  put(text, "{");
  for (unsigned count = choice(in, 5), i = 0; i < count; i++) {
    if (i > 0) put(text, ", ");
    put(text, "\"");
    put(text, PICK(in, keys));
    put(text, "\": ");
    put(text, PICK(in, values));
  }
  put(text, "}");
}

static void put_described(Text *text, Input *in, const char *class_name) {
  put(text, "{\"class_name\": \"");
  put(text, class_name);
  put(text, "\", \"name\": \"m\", \"config\": ");
  put_object(text, in);
  put(text, "}");
}

/* Mostly an object of arguments; now and then what stands in the input. */
static const char *attributes(Text *text, Input *in) {
  text->count = 0;
  text->bytes[0] = 0;
  const unsigned kind = choice(in, 16);
  if (kind == 0) return NULL;
  if (kind == 1) {
    for (unsigned count = choice(in, 64), i = 0; i < count; i++)
      put(text, (const char[]){(char)(byte(in) | 1), 0});
  } else {
    put_object(text, in);
  }
  return text->bytes;
}

static const char *configuration(Text *text, Input *in) {
  text->count = 0;
  put(text, "{\"optimizer\": ");
  put_described(text, in, PICK(in, optimizers));
  put(text, ", \"losses\": [");
  for (unsigned count = 1 + choice(in, 8) / 7, i = 0; i < count; i++) {
    if (i > 0) put(text, ", ");
    put_described(text, in, PICK(in, losses));
  }
  put(text, "], \"metrics\": [[");
  for (unsigned count = choice(in, 3), i = 0; i < count; i++) {
    if (i > 0) put(text, ", ");
    put_described(text, in, PICK(in, metrics));
  }
  put(text, choice(in, 4) ? "]]}" : "]], \"weighted_metrics\": [[]], \"loss_weights\": [0.5]}");
  return text->bytes;
}

/* ---- Arrays --------------------------------------------------------------------------------- */

enum { SAMPLES = 5, ARRAYS = 3, SPAN = 1 << 16 };

/* Numbers to read from: zeros, which every dtype has and every label may be, then others. Shapes and
 * strides stay inside by the bounds below. */
static double numbers[2][SPAN / sizeof(double) + 1];

typedef struct {
  martlet_array array;
  int64_t shape[8], strides[8];
} Array;

static const size_t sizes[] = {4, 8, 1, 1, 2, 2, 4, 4, 8, 8, 1, 2, 4};

/* An array that the library may read, or must refuse before it reads. */
static martlet_array any_array(Input *in, Array *out, const int64_t *shape, int32_t rank,
                               int64_t samples) {
  memset(out, 0, sizeof *out);
  martlet_array *array = &out->array;
  array->shape = out->shape;
  array->rank = rank + 1;
  out->shape[0] = samples;
  for (int32_t axis = 0; axis < rank && axis < 7; axis++) out->shape[axis + 1] = shape[axis];
  array->dtype = (martlet_dtype)choice(in, 13);
  const unsigned twist = choice(in, 32);
  if (twist == 0) array->rank = (int32_t)choice(in, 12) - 1;
  if (twist == 1 && array->rank > 2) out->shape[1] = out->shape[2] = INT64_C(1) << 40;
  if (twist == 2) out->shape[choice(in, 4)] = (int64_t)choice(in, 4) - 2;
  if (twist == 3) array->dtype = (martlet_dtype)((int)choice(in, 64) - 20);
  if (twist == 4) array->shape = NULL;
  double count = 1;
  for (int32_t axis = 0; axis < array->rank && axis < 8; axis++) count *= (double)out->shape[axis];
  /* What would be read must be there, unless it cannot be anywhere. */
  if (count * 16 > SPAN && count < 1e20) array->rank = 1;
  if (twist == 6 && array->rank > 0 && array->rank <= 8) {
    /* Every second number, or one for all. */
    int64_t step = (int64_t)sizes[array->dtype >= 0 && array->dtype < 12 ? array->dtype : 12];
    step *= choice(in, 3);
    for (int32_t axis = array->rank - 1; axis >= 0; axis--) {
      out->strides[axis] = step;
      step *= out->shape[axis] > 0 ? out->shape[axis] : 1;
    }
    array->strides = out->strides;
  }
  array->data = (char *)numbers[twist >= 24] + (twist == 7 ? choice(in, 8) : 0);
  if (twist == 8) array->data = NULL;
  return *array;
}

/* ---- The machine ---------------------------------------------------------------------------- */

typedef struct {
  void *items[8];
  unsigned count;
} Pool;

/* One that lives, the newest more often than others, or NULL. */
static void *any(Input *in, const Pool *pool) {
  const unsigned index = byte(in);
  if (index == 255 || pool->count == 0) return NULL;
  return pool->items[index < 128 ? pool->count - 1 : index % pool->count];
}

typedef void (*Release)(void *);

static void keep(Pool *pool, void *item, Release release) {
  if (item == NULL) return;
  if (pool->count == COUNT(pool->items)) {
    release(pool->items[0]);
    memmove(pool->items, pool->items + 1, sizeof pool->items - sizeof pool->items[0]);
    pool->count--;
  }
  pool->items[pool->count++] = item;
}

static void drop(Input *in, Pool *pool, Release release) {
  if (pool->count == 0) return;
  const unsigned index = choice(in, pool->count);
  release(pool->items[index]);
  pool->items[index] = pool->items[--pool->count];
}

static void empty(Pool *pool, Release release) {
  while (pool->count > 0) release(pool->items[--pool->count]);
}

static void release_layer(void *layer) { martlet_layer_release(layer); }
static void release_symbol(void *symbol) { martlet_symbol_release(symbol); }
static void release_model(void *model) { martlet_model_release(model); }
static void release_metric(void *metric) { martlet_metric_release(metric); }

typedef struct {
  Pool layers, symbols, models, metrics;
  char path[64];
} Machine;

/* What functions have returned so far, as in `documented`. */
static unsigned seen[COUNT(documented)];

/* A failed call has a message, and a status that the header lists. `call` is the text of the call. */
static martlet_status told_of(const char *call, martlet_status status) {
  if (status != MARTLET_OK && martlet_last_error()[0] == 0) {
    fprintf(stderr, "status %d without a message: %s\n", (int)status, call);
    abort();
  }
  const size_t length = strcspn(call, "(");
  for (size_t i = 0; i < COUNT(documented); i++) {
    const char *function = documented[i].function;
    if (strlen(function) != length || memcmp(function, call, length) != 0) continue;
    seen[i] |= 1u << status;
    if ((documented[i].statuses >> status & 1) != 0) return status;
  }
  fprintf(stderr, "status %d, which martlet.h does not name: %s\n%s\n", (int)status, call,
          martlet_last_error());
  abort();
}

#define told(call) told_of(#call, call)

static void make_layer(Machine *machine, Input *in) {
  Text text;
  martlet_layer *layer = NULL;
  const unsigned index = choice(in, 4 * COUNT(sound) / 3);
  const char *class_name = index < COUNT(sound) ? sound[index].class_name : PICK(in, classes);
  const char *given = index < COUNT(sound) ? sound[index].attributes : attributes(&text, in);
  if (told(martlet_layer_create(&layer, class_name, given)) != MARTLET_OK) return;
  char *config = NULL;
  if (told(martlet_layer_config(&config, layer)) == MARTLET_OK) martlet_text_release(config);
  keep(&machine->layers, layer, release_layer);
}

static void make_input(Machine *machine, Input *in) {
  int64_t shape[9];
  const int32_t rank = (int32_t)choice(in, 24) < 22 ? 3 : (int32_t)choice(in, 10);
  for (int axis = 0; axis < 9; axis++) {
    const unsigned extent = choice(in, 160);
    shape[axis] = extent < 70 ? 3 + extent % 7 : extent < 157 ? 4 : extent == 157 ? MARTLET_OPEN
                  : extent == 158 ? 0 : INT64_C(1) << 40;
  }
  martlet_symbol *symbol = NULL;
  told(martlet_input_create(&symbol, shape, rank, choice(in, 8) ? NULL : "input"));
  keep(&machine->symbols, symbol, release_symbol);
}

static void call_layer(Machine *machine, Input *in) {
  martlet_symbol *inputs[4];
  const int32_t count = choice(in, 4) ? 1 : (int32_t)choice(in, 6) - 1;
  for (int i = 0; i < 4; i++) inputs[i] = any(in, &machine->symbols);
  martlet_layer *layer = any(in, &machine->layers);
  if (layer != NULL && martlet_layer_output_count(layer) > 1) {
    martlet_symbol *outs[4] = {NULL};
    const int32_t outputs = martlet_layer_output_count(layer);
    if (outputs > 4) return;
    if (told(martlet_layer_call_all(outs, outputs, layer, inputs, count)) == MARTLET_OK)
      for (int32_t i = 0; i < outputs; i++) keep(&machine->symbols, outs[i], release_symbol);
    return;
  }
  martlet_symbol *out = NULL;
  told(martlet_layer_call(&out, layer, inputs, count));
  keep(&machine->symbols, out, release_symbol);
}

static void make_model(Machine *machine, Input *in) {
  martlet_symbol *inputs[3], *outputs[3];
  for (int i = 0; i < 3; i++) inputs[i] = any(in, &machine->symbols);
  for (int i = 0; i < 3; i++) outputs[i] = any(in, &machine->symbols);
  /* Mostly from the first symbol to the last. */
  const unsigned kind = choice(in, 8);
  if (kind < 6 && machine->symbols.count > 0) {
    inputs[0] = machine->symbols.items[0];
    outputs[0] = machine->symbols.items[machine->symbols.count - 1];
  }
  const int32_t input_count = kind < 6 ? 1 : (int32_t)choice(in, 5) - 1;
  const int32_t output_count = kind < 6 ? 1 : (int32_t)choice(in, 5) - 1;
  static const char *const names[] = {NULL, "Functional", "Sequential", "Conv2D"};
  martlet_model *model = NULL;
  told(martlet_model_create(&model, inputs, input_count > 3 ? 3 : input_count, outputs,
                            output_count > 3 ? 3 : output_count, PICK(in, names), NULL));
  keep(&machine->models, model, release_model);
}

static void part_model(Machine *machine, Input *in) {
  static const char *const outputs[] = {
      "[\"input_layer\"]", "[\"conv2d\"]", "[[\"dense\", 0, 0]]", "[[\"flatten\", 0, 0], \"add\"]",
      "[[\"dropout\", -1, 9223372036854775807]]", "[]", "{}", NULL};
  martlet_model *part = NULL;
  told(martlet_model_create_part(&part, any(in, &machine->models), PICK(in, outputs),
                                 choice(in, 8) ? NULL : "part"));
  keep(&machine->models, part, release_model);
}

static int32_t stop_sometimes(void *user, int64_t done, int64_t count, const double *found,
                              int32_t value_count) {
  double sum = (double)count;
  for (int32_t i = 0; i < value_count; i++) sum += found[i];
  (void)sum;
  return done >= *(int *)user;
}

/* The inputs, or outputs, of a model as its description lists them: how many there are. */
static int described_count(martlet_model *model, const char *key) {
  char *text = NULL;
  if (martlet_model_describe(&text, model) != MARTLET_OK) return 0;
  const char *at = strstr(text, key);
  int count = 0, depth = 0;
  for (at = at ? strchr(at, '[') : NULL; at && *at; at++) {
    if (*at == '[' && ++depth == 2) count++;
    if (*at == ']' && --depth == 0) break;
  }
  martlet_text_release(text);
  return count;
}

typedef struct {
  Array x[ARRAYS], y[ARRAYS], weights[ARRAYS];
  martlet_array x_arrays[ARRAYS], y_arrays[ARRAYS], weight_arrays[ARRAYS];
  martlet_data data;
  martlet_epoch_options options;
  int stop_after;
  int64_t samples;
} Pass;

static void make_pass(Pass *pass, Machine *machine, martlet_model *model, Input *in) {
  memset(pass, 0, sizeof *pass);
  pass->samples = 1 + choice(in, SAMPLES);
  int32_t inputs = model ? described_count(model, "\"inputs\"") : 1;
  int32_t outputs = model ? described_count(model, "\"outputs\"") : 1;
  inputs = inputs > ARRAYS ? ARRAYS : inputs;
  outputs = outputs > ARRAYS ? ARRAYS : outputs;
  for (int i = 0; i < ARRAYS; i++) {
    /* Shapes of symbols there are fit more often than shapes by chance. */
    int64_t shape[8] = {4, 4, 1};
    int32_t rank = 3;
    martlet_symbol *symbol = machine->symbols.count > 0 ? machine->symbols.items[0] : NULL;
    if (symbol && told(martlet_symbol_shape(symbol, shape, 7, &rank)) == MARTLET_OK && rank > 7)
      rank = 7;
    for (int32_t axis = 0; axis < rank; axis++)
      if (shape[axis] < 0) shape[axis] = 1 + choice(in, 6);
    pass->x_arrays[i] = any_array(in, &pass->x[i], shape, rank, pass->samples);
    int64_t target[8] = {1};
    int32_t target_rank = (int32_t)choice(in, 2);
    if (model && choice(in, 4) &&
          told(martlet_model_output_shape(model, pass->x_arrays, inputs, i, target, 7,
                                        &target_rank)) != MARTLET_OK)
      target_rank = 0;
    pass->y_arrays[i] =
        any_array(in, &pass->y[i], target, target_rank > 7 ? 7 : target_rank, pass->samples);
    pass->weight_arrays[i] = any_array(in, &pass->weights[i], target, 0, pass->samples);
  }
  static const int64_t classes_known[] = {0, 1, -5};
  static const double class_weights[] = {0.5, 2, -1};
  pass->data = (martlet_data){
      .struct_size = choice(in, 32) ? sizeof(martlet_data) : choice(in, 200),
      .x = pass->x_arrays, .y = pass->y_arrays, .sample_weight = pass->weight_arrays,
      .x_count = choice(in, 32) ? inputs : (int32_t)choice(in, ARRAYS + 2) - 1,
      .y_count = choice(in, 32) ? outputs : (int32_t)choice(in, ARRAYS + 2) - 1,
      .sample_weight_count = choice(in, 8) ? 0 : 1,
      .class_weight_count = choice(in, 8) ? 0 : (int32_t)choice(in, 4),
      .classes = classes_known, .class_weights = class_weights};
  if (pass->data.x_count > ARRAYS) pass->data.x_count = ARRAYS;
  if (pass->data.y_count > ARRAYS) pass->data.y_count = ARRAYS;
  pass->stop_after = 1 + (int)choice(in, 8);
  static const int64_t batch_sizes[] = {1, 2, 3, 4, 32, 1000000, 0, 2, 3, 4, -1, 1, 2, 8, INT64_MAX, INT64_MIN};
  pass->options = (martlet_epoch_options){
      .struct_size = choice(in, 32) ? sizeof(martlet_epoch_options) : choice(in, 200),
      .batch_size = PICK(in, batch_sizes), .shuffle = (int32_t)choice(in, 3),
      .on_nan = choice(in, 16) ? (int32_t)choice(in, 3) : 3, .progress = choice(in, 2) ? stop_sometimes : NULL,
      .user = &pass->stop_after, .continues = (int32_t)choice(in, 3) / 2};
}

/* Arrays for what a model gives, of exactly the size that the header asks for. */
static int make_outputs(float **outputs, martlet_model *model, const Pass *pass) {
  const int count = model ? described_count(model, "\"outputs\"") : 1;
  if (count > ARRAYS) return 0;
  for (int i = 0; i < count; i++) {
    int64_t shape[8], size = pass->samples;
    int32_t rank = 0;
    if (model == NULL || martlet_model_output_shape(model, pass->x_arrays, pass->data.x_count, i,
                                                    shape, 8, &rank) != MARTLET_OK) {
      size = 0;
    } else {
      for (int32_t axis = 0; axis < rank && axis < 8; axis++) size *= shape[axis];
      if (size > 1 << 22) size = 0;
    }
    if (size == 0) {
      while (i > 0) free(outputs[--i]);
      return 0;
    }
    outputs[i] = allocate((size_t)size * sizeof(float));
  }
  return count;
}

static void run_pass(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  Pass pass;
  make_pass(&pass, machine, model, in);
  const martlet_data *data = choice(in, 32) ? &pass.data : NULL;
  const martlet_epoch_options *options = choice(in, 16) ? &pass.options : NULL;
  const int64_t value_count = model ? martlet_model_value_count(model) : 1;
  double *results = allocate(sizeof(double) * (size_t)(value_count > 0 ? value_count : 1));
  const unsigned kind = choice(in, 8);
  if (kind < 3) {
    told(martlet_model_train(model, data, options, results));
  } else if (kind == 3) {
    told(martlet_model_evaluate(model, data, options, results));
  } else if (kind == 4) {
    told(martlet_model_check(model, data));
  } else if (kind == 5) {
    /* A profile goes on for a second where batches are small. */
    pass.options.progress = stop_sometimes;
    char *text = NULL;
    told(martlet_model_profile(&text, model, data, &pass.options));
    martlet_text_release(text);
  } else {
    float *outputs[ARRAYS] = {NULL};
    const int count = make_outputs(outputs, model, &pass);
    if (count > 0)
      told(martlet_model_predict(model, pass.x_arrays, pass.data.x_count, (int32_t)choice(in, 2),
                                 options, outputs, count));
    for (int i = 0; i < count; i++) free(outputs[i]);
  }
  free(results);
}

/* Places for numbers of as many samples, and of the same size, as the inputs. */
static void input_gradients(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  Pass pass;
  make_pass(&pass, machine, model, in);
  float *gradients[ARRAYS] = {NULL};
  for (int i = 0; i < ARRAYS; i++) {
    const martlet_array *x = &pass.x_arrays[i];
    double size = 1;
    for (int32_t axis = 0; axis < x->rank && axis < 8; axis++) size *= (double)pass.x[i].shape[axis];
    gradients[i] = allocate(size > 0 && size < SPAN ? (size_t)size * sizeof(float) : 1);
  }
  told(martlet_model_input_gradients(model, pass.x_arrays, pass.data.x_count, pass.y_arrays,
                                     pass.data.y_count, (int32_t)choice(in, 3) / 2,
                                     choice(in, 2) ? &pass.options : NULL, gradients,
                                     choice(in, 16) ? pass.data.x_count : 0));
  for (int i = 0; i < ARRAYS; i++) free(gradients[i]);
}

/* A pass that hands out its batches. */
static void observe(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  Pass pass;
  make_pass(&pass, machine, model, in);
  float *outputs[ARRAYS] = {NULL};
  const int count = make_outputs(outputs, model, &pass);
  const int64_t capacity = pass.samples - (choice(in, 8) == 0);
  int64_t *samples = allocate((size_t)pass.samples * sizeof *samples);
  told(martlet_model_observe(model, outputs, choice(in, 16) ? count : (int32_t)choice(in, 4) - 1,
                             choice(in, 16) ? samples : NULL, capacity));
  double results[64];
  if (model != NULL && martlet_model_value_count(model) <= 64)
    told(martlet_model_train(model, &pass.data, &pass.options, results));
  told(martlet_model_observe(model, NULL, 0, NULL, 0));
  free(samples);
  for (int i = 0; i < count; i++) free(outputs[i]);
}

static int32_t falling(void *user, int64_t steps, double *rate) {
  *rate = 0.1 / (double)(1 + steps);
  return user != NULL && steps > 1;
}

static void touch_learning_rate(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  static int user;
  const double steps[] = {0, 1, 1e6, -1};
  double rates[COUNT(steps)];
  told(martlet_learning_rates(PICK(in, schedules), steps, rates, (int64_t)choice(in, 6) - 1));
  if (choice(in, 2)) told(martlet_model_set_learning_rate_schedule(model, PICK(in, schedules)));
  if (choice(in, 2))
    told(martlet_model_set_learning_rate_function(model, choice(in, 8) ? falling : NULL,
                                                  choice(in, 2) ? &user : NULL));
}

/* Values that fit, mostly, what an info describes. */
static martlet_array values_for(const martlet_weight_info *info, Input *in, Array *out) {
  const int is_known = info->rank > 0 && info->count * 8 <= SPAN / 4;
  const int64_t one[] = {1};
  return any_array(in, out, is_known ? info->shape + 1 : one, is_known ? info->rank - 1 : 0,
                   is_known ? info->shape[0] : 1);
}

static void set_optimizer_weights(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  martlet_weight_info info = {.struct_size = sizeof info};
  const int64_t index = (int64_t)choice(in, 8) - (choice(in, 16) == 0);
  Array array;
  if (told(martlet_model_optimizer_weight_info(&info, model, index)) != MARTLET_OK)
    info = (martlet_weight_info){.struct_size = sizeof info};
  const martlet_array values = values_for(&info, in, &array);
  told(martlet_model_optimizer_weight_set(model, index, choice(in, 16) ? &values : NULL));
}

static void apply_gradients(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  martlet_layer *whole = NULL;
  Array arrays[8];
  martlet_array gradients[8];
  int64_t count = 0;
  if (told(martlet_model_as_layer(&whole, model)) == MARTLET_OK) {
    martlet_weight_info info = {.struct_size = sizeof info};
    for (int64_t i = 0; count < 8 && i < martlet_layer_weight_count(whole); i++)
      if (told(martlet_layer_weight_info(&info, whole, i)) == MARTLET_OK && info.trainable) {
        gradients[count] = values_for(&info, in, &arrays[count]);
        count++;
      }
    martlet_layer_release(whole);
  }
  told(martlet_model_apply_gradients(model, gradients, choice(in, 16) ? count : count - 1));
}

static void touch_seed(Machine *machine, Input *in) {
  martlet_layer *layer = any(in, &machine->layers);
  uint64_t seed = 0;
  int64_t index = 0;
  if (told(martlet_layer_seed(choice(in, 16) ? &seed : NULL, layer)) == MARTLET_OK || choice(in, 4))
    told(martlet_layer_set_seed(layer, seed + choice(in, 3)));
  told(martlet_layer_weight_index(&index, layer, PICK(in, weight_names)));
  martlet_layer *whole = NULL;
  if (choice(in, 2) &&
      told(martlet_model_as_layer(&whole, any(in, &machine->models))) == MARTLET_OK)
    told(martlet_layer_weight_index(&index, whole, PICK(in, weight_names)));
  martlet_layer_release(whole);
}

static void look_at_results(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  const int32_t index = (int32_t)choice(in, 5) - 1;
  int64_t shape[2];
  int32_t rank = 0;
  told(martlet_model_result_shape(model, index, shape, (int32_t)choice(in, 3), &rank));
  const char *name = martlet_model_result_name(model, index);
  if (name != NULL && name[0] == 0) abort();
  if (martlet_model_is_compiled(model) != (martlet_model_result_count(model) > 0)) abort();
  if (martlet_model_optimizer_parameter_count(model) < martlet_model_optimizer_weight_count(model))
    abort();
}

/* Writes no gradients: what stands there are numbers, too. */
static int32_t callers_loss(void *user, int64_t count, const float *targets,
                            const float *predictions, float *values, float *gradients) {
  for (int64_t i = 0; i < count; i++) values[i] = targets[i] - predictions[i];
  (void)gradients;
  return user != NULL;
}

/* A model with a loss of ours for its first output. */
static void compile_loss(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  static int user;
  int64_t shape[8] = {1};
  int32_t rank = 0;
  martlet_layer *layer = NULL;
  martlet_symbol *inputs[2] = {NULL, NULL}, *out = NULL;
  martlet_model *graph = NULL;
  if (model == NULL || told(martlet_model_output_shape(model, NULL, 0, 0, shape, 8, &rank)) != MARTLET_OK) {
    rank = 1;
    shape[0] = 3;
  }
  if (told(martlet_layer_create_loss(&layer, choice(in, 4) ? NULL : "own",
                                     choice(in, 16) ? callers_loss : NULL,
                                     choice(in, 4) ? NULL : &user)) == MARTLET_OK &&
      told(martlet_input_create(&inputs[0], shape, rank, NULL)) == MARTLET_OK &&
      told(martlet_input_create(&inputs[1], shape, rank, NULL)) == MARTLET_OK &&
      told(martlet_layer_call(&out, layer, inputs, 2)) == MARTLET_OK &&
      told(martlet_model_create(&graph, inputs, 2, &out, 1, NULL, NULL)) == MARTLET_OK) {
    const martlet_model *graphs[] = {graph};
    told(martlet_model_compile_graphs(model, graph_configuration, graphs, 1));
  }
  martlet_model_release(graph);
  martlet_symbol_release(out);
  martlet_symbol_release(inputs[1]);
  martlet_symbol_release(inputs[0]);
  martlet_layer_release(layer);
}

static void touch_weights(Machine *machine, Input *in) {
  martlet_layer *layer = any(in, &machine->layers);
  martlet_model *model = any(in, &machine->models);
  martlet_layer *whole = NULL;
  if (choice(in, 2) && told(martlet_model_as_layer(&whole, model)) == MARTLET_OK) {
    keep(&machine->layers, whole, release_layer);
    layer = whole;
  }
  if (layer == NULL) return;
  const int64_t count = martlet_layer_weight_count(layer);
  martlet_weight_info info = {.struct_size = choice(in, 16) ? sizeof info : choice(in, 200)};
  const int64_t index = (int64_t)choice(in, 8) - (choice(in, 16) == 0);
  if (told(martlet_layer_weight_info(&info, layer, index)) == MARTLET_OK &&
      info.struct_size == sizeof info && info.count < 1 << 20) {
    float *held = allocate((size_t)info.count * sizeof(float));
    told(martlet_layer_get_weight(layer, index, held, info.count - (choice(in, 8) == 0)));
    free(held);
  }
  Array arrays[8];
  martlet_array all[8];
  for (int64_t i = 0; i < 8; i++) {
    martlet_weight_info each = {.struct_size = sizeof each};
    int64_t shape[8] = {1, 1, 1};
    int32_t rank = 1;
    if (i < count && martlet_layer_weight_info(&each, layer, i) == MARTLET_OK && each.rank > 0) {
      memcpy(shape, each.shape, sizeof shape);
      rank = each.rank;
    }
    if (rank > 0 && shape[0] * 8 > SPAN / 4096) shape[0] = 1;
    all[i] = any_array(in, &arrays[i], shape + 1, rank - 1, shape[0]);
  }
  if (count <= 8) told(martlet_layer_set_weights(layer, all, choice(in, 8) ? count : choice(in, 9)));
  told(martlet_layer_set_trainable(layer, (int32_t)choice(in, 5) / 2));
}

static void touch_optimizer(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  Text text;
  double value = 0;
  static const char *const names[] = {"learning_rate", "iterations", "beta", NULL};
  static const double rates[] = {0, 1e-3, -1, 1e300, 0.5};
  told(martlet_model_optimizer_value(model, PICK(in, names), &value));
  told(martlet_model_set_optimizer_value(model, PICK(in, names), PICK(in, rates)));
  const int64_t index = (int64_t)choice(in, 6) - 1;
  martlet_weight_info info = {.struct_size = sizeof info};
  if (told(martlet_model_optimizer_weight_info(&info, model, index)) == MARTLET_OK) {
    float *held = allocate((size_t)info.count * sizeof(float));
    told(martlet_model_optimizer_weight_get(model, index, held, info.count));
    free(held);
  }
  if (choice(in, 2))
    told(martlet_model_set_learning_rate_schedule(model, attributes(&text, in)));
  if (choice(in, 2)) told(martlet_model_finalize_weights(model));
}

static void use_file(Machine *machine, Input *in) {
  martlet_model *model = any(in, &machine->models);
  Text text;
  static const char *const options[] = {NULL, "{}", "{\"training\": true}", "{\"training\": false}",
                                        "{\"metadata\": {\"by\": \"me\"}}", "{\"metadata\": 3}", "["};
  if (told(martlet_model_save(model, choice(in, 16) ? machine->path : "/nowhere/m.safetensors",
                              choice(in, 4) ? PICK(in, options) : attributes(&text, in))) !=
      MARTLET_OK)
    return;
  /* Now and then a byte of it is another one, or it ends early. */
  FILE *file = fopen(machine->path, "r+b");
  if (file != NULL && choice(in, 2)) {
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    const long at = (long)((byte(in) << 8 | byte(in)) % (size ? size : 1));
    if (choice(in, 4) == 0) {
      if (ftruncate(fileno(file), at) != 0) abort();
    } else {
      fseek(file, at, SEEK_SET);
      fputc((int)byte(in), file);
    }
  }
  if (file != NULL) fclose(file);
  martlet_model *loaded = NULL;
  told(martlet_model_load(&loaded, machine->path));
  keep(&machine->models, loaded, release_model);
}

static void use_metric(Machine *machine, Input *in) {
  Text text = {.count = 0};
  const unsigned kind = choice(in, 4);
  const int64_t shape[] = {1 + choice(in, 4)};
  Array true_array, pred_array, weight_array;
  const int64_t samples = 1 + choice(in, SAMPLES);
  const martlet_array y_true = any_array(in, &true_array, shape, (int32_t)choice(in, 2), samples);
  const martlet_array y_pred = any_array(in, &pred_array, shape, (int32_t)choice(in, 2), samples);
  const martlet_array weights = any_array(in, &weight_array, shape, 0, samples);
  if (kind == 0) {
    put_described(&text, in, PICK(in, metrics));
    martlet_metric *metric = NULL;
    told(martlet_metric_create(&metric, text.bytes));
    keep(&machine->metrics, metric, release_metric);
  } else if (kind == 1) {
    put_described(&text, in, PICK(in, losses));
    double found[SAMPLES * 8];
    int64_t count = 0;
    told(martlet_loss_values((float *)found, (int64_t)choice(in, SAMPLES * 8), &count, text.bytes, &y_true,
                             &y_pred, choice(in, 4) ? NULL : &weights));
  } else {
    martlet_metric *metric = any(in, &machine->metrics);
    told(martlet_metric_update(metric, choice(in, 8) ? &y_true : NULL, &y_pred,
                               choice(in, 4) ? NULL : &weights));
    double found[64];
    int64_t extents[2];
    int32_t rank = 0;
    told(martlet_metric_result(metric, found, (int64_t)choice(in, 64), extents, &rank));
    if (choice(in, 4) == 0) told(martlet_metric_reset(metric));
  }
}

static void use_settings(Input *in) {
  told(martlet_set_thread_count((int32_t)choice(in, 6) - 1));
  static const char *const precisions[] = {"highest", "high", "higher", "", NULL};
  told(martlet_set_matmul_precision(PICK(in, precisions)));
  martlet_set_random_seed(byte(in));
  if (choice(in, 8) == 0) martlet_reset_names();
}

static void compile(Machine *machine, Input *in) {
  Text text;
  martlet_model *model = any(in, &machine->models);
  const martlet_model *graphs[] = {any(in, &machine->models)};
  if (choice(in, 4))
    told(martlet_model_compile(model, PICK(in, sound_configurations)));
  else if (choice(in, 4))
    told(martlet_model_compile(model, choice(in, 16) ? configuration(&text, in)
                                                     : attributes(&text, in)));
  else
    told(martlet_model_compile_graphs(model, configuration(&text, in), graphs, graphs[0] != NULL));
}

static void calls(Machine *machine, Input *in) {
  make_input(machine, in);
  while (in->left > 0) {
    switch (choice(in, 33)) {
      case 0: make_input(machine, in); break;
      case 1: case 2: case 3: case 4: make_layer(machine, in); break;
      case 5: case 6: case 7: case 8: call_layer(machine, in); break;
      case 9: case 10: make_model(machine, in); break;
      case 11: case 12: compile(machine, in); break;
      case 13: case 14: case 15: case 16: run_pass(machine, in); break;
      case 17: touch_weights(machine, in); break;
      case 18: touch_optimizer(machine, in); break;
      case 19: use_file(machine, in); break;
      case 20: use_metric(machine, in); break;
      case 21:
        if (choice(in, 2)) part_model(machine, in);
        else use_settings(in);
        break;
      case 22: drop(in, &machine->layers, release_layer); break;
      case 23: {
        /* One kind of handle for another. */
        char *text = NULL;
        int32_t rank = 0;
        told(martlet_layer_config(&text, any(in, &machine->models)));
        told(martlet_model_describe(&text, any(in, &machine->symbols)));
        told(martlet_symbol_shape(any(in, &machine->layers), NULL, 0, &rank));
        martlet_metric_release(any(in, &machine->models));
        break;
      }
      case 24: input_gradients(machine, in); break;
      case 25: observe(machine, in); break;
      case 26: touch_learning_rate(machine, in); break;
      case 27: set_optimizer_weights(machine, in); break;
      case 28: apply_gradients(machine, in); break;
      case 29: touch_seed(machine, in); break;
      case 30: look_at_results(machine, in); break;
      case 31: compile_loss(machine, in); break;
      default:
        drop(in, &machine->symbols, release_symbol);
        if (choice(in, 4) == 0) drop(in, &machine->models, release_model);
        if (choice(in, 4) == 0) drop(in, &machine->metrics, release_metric);
    }
  }
}

/* The rest of the input as a text. */
static char *rest(Input *in) {
  char *text = allocate(in->left + 1);
  memcpy(text, in->next, in->left);
  in->left = 0;
  return text;
}

static void layer_text(Machine *machine, Input *in) {
  const char *class_name = PICK(in, classes);
  char *text = rest(in);
  martlet_layer *layer = NULL;
  martlet_symbol *input = NULL, *out = NULL;
  const int64_t shape[] = {6, 6, 4};
  if (told(martlet_layer_create(&layer, class_name, text)) == MARTLET_OK &&
      told(martlet_input_create(&input, shape, 3, NULL)) == MARTLET_OK)
    told(martlet_layer_call(&out, layer, &input, 1));
  martlet_symbol_release(out);
  martlet_symbol_release(input);
  martlet_layer_release(layer);
  free(text);
  (void)machine;
}

static void compile_text(Machine *machine, Input *in) {
  char *text = rest(in);
  martlet_layer *layer = NULL;
  martlet_symbol *input = NULL, *out = NULL;
  martlet_model *model = NULL;
  const int64_t shape[] = {3};
  if (told(martlet_layer_create(&layer, "Dense", "{\"units\": 2}")) == MARTLET_OK &&
      told(martlet_input_create(&input, shape, 1, NULL)) == MARTLET_OK &&
      told(martlet_layer_call(&out, layer, &input, 1)) == MARTLET_OK &&
      told(martlet_model_create(&model, &input, 1, &out, 1, NULL, NULL)) == MARTLET_OK)
    told(martlet_model_compile(model, text));
  told(martlet_optimizer_check(text));
  martlet_metric *metric = NULL;
  told(martlet_metric_create(&metric, text));
  martlet_metric_release(metric);
  martlet_model_release(model);
  martlet_symbol_release(out);
  martlet_symbol_release(input);
  martlet_layer_release(layer);
  free(text);
  (void)machine;
}

static void model_file(Machine *machine, Input *in) {
  FILE *file = fopen(machine->path, "wb");
  if (file == NULL || fwrite(in->next, 1, in->left, file) != in->left) abort();
  fclose(file);
  in->left = 0;
  char *text = NULL;
  if (told(martlet_model_file_metadata(&text, machine->path)) == MARTLET_OK)
    martlet_text_release(text);
  martlet_model *model = NULL;
  if (told(martlet_model_load(&model, machine->path)) != MARTLET_OK) return;
  if (told(martlet_model_describe(&text, model)) == MARTLET_OK) martlet_text_release(text);
  told(martlet_model_save(model, machine->path, NULL));
  martlet_model_release(model);
}

/* ---- What chance hardly finds --------------------------------------------------------------- */

/* A model of 3 numbers, which gives 2. */
static martlet_model *small_model(const char *class_name, const char *given) {
  const int64_t shape[] = {3};
  martlet_symbol *input = NULL, *out = NULL;
  martlet_layer *layer = NULL;
  martlet_model *model = NULL;
  if (told(martlet_layer_create(&layer, class_name, given)) != MARTLET_OK ||
      told(martlet_input_create(&input, shape, 1, "input")) != MARTLET_OK ||
      told(martlet_layer_call_all(&out, 1, layer, &input, 1)) != MARTLET_OK ||
      told(martlet_model_create(&model, &input, 1, &out, 1, NULL, NULL)) != MARTLET_OK)
    abort();
  martlet_symbol_release(out);
  martlet_symbol_release(input);
  martlet_layer_release(layer);
  return model;
}

static void call_an_input_again(void) {
  martlet_layer *layer = NULL;
  martlet_symbol *out = NULL;
  told(martlet_layer_create(&layer, "InputLayer", "{\"batch_shape\": [null, 3]}"));
  for (int times = 0; times < 2; times++) {
    told(martlet_layer_call(&out, layer, NULL, 0));
    told(martlet_layer_call_all(&out, 1, layer, NULL, 0));
  }
  martlet_symbol_release(out);
  martlet_layer_release(layer);
}

static int32_t stop_at_once(void *user, int64_t done, int64_t count, const double *found,
                            int32_t value_count) {
  (void)user, (void)done, (void)count, (void)found, (void)value_count;
  return 1;
}

static void rare_calls(void) {
  const int64_t shape[] = {2, 3}, target_shape[] = {2};
  float numbers_read[6] = {0, 1, 2, 3, 4, 5}, written[8] = {0};
  int32_t labels[2] = {0, 1};
  float *outputs[] = {written};
  martlet_array x = {numbers_read, shape, NULL, 2, MARTLET_FLOAT32};
  const martlet_array y = {labels, target_shape, NULL, 1, MARTLET_INT32};
  const martlet_data data = {.struct_size = sizeof data, .x = &x, .y = &y, .x_count = 1, .y_count = 1};
  martlet_epoch_options options = {.struct_size = sizeof options, .batch_size = 2};
  double results[2];
  char *text = NULL;
  call_an_input_again();
  told(martlet_layer_set_trainable(NULL, 1));
  told(martlet_model_file_metadata(NULL, NULL));

  martlet_model *model = small_model("Dense", "{\"units\": 2}");
  told(martlet_model_compile(model, "{\"keeps_optimizer\": true}"));
  told(martlet_model_compile_graphs(model, "{\"keeps_optimizer\": true}", NULL, 0));
  told(martlet_model_optimizer_weight_get(model, 0, written, 1));
  told(martlet_model_optimizer_weight_get(NULL, 0, written, 1));
  told(martlet_model_save(model, "fuzz-rare.safetensors", "[]"));
  told(martlet_model_compile(model, sound_configurations[1]));
  if (told(martlet_model_profile(&text, model, &data, &options)) == MARTLET_OK)
    martlet_text_release(text);
  options.progress = stop_at_once;
  told(martlet_model_evaluate(model, &data, &options, results));
  x.dtype = 99;
  told(martlet_model_predict(model, &x, 1, 0, NULL, outputs, 1));
  x.dtype = MARTLET_FLOAT32;
  numbers_read[4] = NAN;
  told(martlet_model_check(model, &data));
  martlet_model_release(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Input input = {data, size}, *in = &input;
  Machine machine;
  memset(&machine, 0, sizeof machine);
  snprintf(machine.path, sizeof machine.path, "/tmp/martlet-fuzz-%d.safetensors", (int)getpid());
  for (size_t i = 0; i < COUNT(numbers[1]); i++) numbers[1][i] = (double)(i % 3);
  martlet_set_random_seed(1);
  martlet_reset_names();
  switch (choice(in, 4)) {
    case 0: calls(&machine, in); break;
    case 1: layer_text(&machine, in); break;
    case 2: compile_text(&machine, in); break;
    default: model_file(&machine, in);
  }
  empty(&machine.metrics, release_metric);
  empty(&machine.models, release_model);
  empty(&machine.symbols, release_symbol);
  empty(&machine.layers, release_layer);
  remove(machine.path);
  return 0;
}

/* ---- Without libFuzzer ---------------------------------------------------------------------- */

#ifndef MARTLET_LIBFUZZER

/* After ENOUGH inputs every status that the header lists must have been seen. */
enum { LARGEST = 1 << 16, MOST_FILES = 4096, SECONDS = 30, ENOUGH = 3000 };

typedef struct {
  uint8_t *bytes;
  size_t count;
} Blob;

static Blob corpus[MOST_FILES];
static unsigned corpus_count;

static void read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || corpus_count == MOST_FILES) return;
  uint8_t *bytes = allocate(LARGEST);
  corpus[corpus_count++] = (Blob){bytes, fread(bytes, 1, LARGEST, file)};
  fclose(file);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_corpus(const char *path) {
  struct dirent **entries = NULL;
  const int count = scandir(path, &entries, NULL, by_name);
  if (count < 0) {
    read_file(path);
    return;
  }
  for (int i = 0; i < count; i++) {
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.') read_file(name);
    free(entries[i]);
  }
  free(entries);
}

/* A small generator: the same inputs everywhere. */
static uint64_t state;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static size_t below(size_t count) { return count ? (size_t)(next_random() % count) : 0; }

/* One of the corpus with a few changes, or bytes by chance. */
static Blob changed(uint8_t *bytes) {
  Blob made = {bytes, 0};
  if (corpus_count == 0 || below(8) == 0) {
    made.count = 1 + below(2000);
    for (size_t i = 0; i < made.count; i++) bytes[i] = (uint8_t)next_random();
    bytes[0] = 0;
    return made;
  }
  const Blob source = corpus[below(corpus_count)];
  memcpy(bytes, source.bytes, source.count);
  made.count = source.count;
  for (size_t times = 1 + below(8); times > 0 && made.count > 1; times--) {
    const size_t at = below(made.count);
    const size_t length = below(made.count - at < 16 ? made.count - at : 16);
    switch (below(6)) {
      case 0: bytes[at] ^= (uint8_t)(1u << below(8)); break;
      case 1: bytes[at] = (uint8_t)next_random(); break;
      case 2: made.count = at + 1; break;
      case 3:
        memmove(bytes + at, bytes + at + length, made.count - at - length);
        made.count -= length;
        break;
      case 4:
        if (made.count + length > LARGEST) break;
        memmove(bytes + at + length, bytes + at, made.count - at);
        made.count += length;
        break;
      default: {
        const Blob other = corpus[below(corpus_count)];
        const size_t from = below(other.count);
        const size_t taken = below(other.count - from);
        if (at + taken > LARGEST) break;
        memcpy(bytes + at, other.bytes + from, taken);
        if (at + taken > made.count) made.count = at + taken;
      }
    }
  }
  return made;
}

static void late(int signal_number) {
  (void)signal_number;
  static const char text[] = "an input takes longer than it should\n";
  if (write(2, text, sizeof text - 1) > 0) _exit(3);
  _exit(3);
}

static void run(Blob input) {
  FILE *last = fopen("fuzz-last.bin", "wb");
  if (last == NULL || fwrite(input.bytes, 1, input.count, last) != input.count) abort();
  fclose(last);
  alarm(SECONDS);
  /* A copy of its size: nothing stands behind it. */
  uint8_t *bytes = allocate(input.count);
  memcpy(bytes, input.bytes, input.count);
  LLVMFuzzerTestOneInput(bytes, input.count);
  free(bytes);
  alarm(0);
}

/* A status that no call has come to may be one that cannot be. Whether memory is refused is the
 * machine's affair. */
static int expect_all_seen(void) {
  int missing = 0;
  for (size_t i = 0; i < COUNT(documented); i++)
    for (unsigned status = 0; status < 32; status++) {
      if (status == MARTLET_OUT_OF_MEMORY) continue;
      if (((documented[i].statuses & ~seen[i]) >> status & 1) == 0) continue;
      fprintf(stderr, "%s never returned status %u\n", documented[i].function, status);
      missing = 1;
    }
  return missing;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: fuzz CORPUS [COUNT [SEED]]\n");
    return 2;
  }
#ifndef IS_SANITIZED
  /* What asks for more than this must be told that there is none. */
  const struct rlimit limit = {(rlim_t)4 << 30, (rlim_t)4 << 30};
  setrlimit(RLIMIT_AS, &limit);
#endif
  signal(SIGALRM, late);
  read_corpus(argv[1]);
  rare_calls();
  for (unsigned i = 0; i < corpus_count; i++) run(corpus[i]);
  const long count = argc > 2 ? atol(argv[2]) : 0;
  state = 0x9e3779b97f4a7c15u + (argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
  uint8_t *bytes = allocate(LARGEST);
  for (long i = 0; i < count; i++) run(changed(bytes));
  free(bytes);
  for (unsigned i = 0; i < corpus_count; i++) free(corpus[i].bytes);
  remove("fuzz-last.bin");
  printf("%u inputs of the corpus and %ld made by chance: no crash\n", corpus_count, count);
  if (count < ENOUGH) return 0;
  return expect_all_seen();
}

#endif
