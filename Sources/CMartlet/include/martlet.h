/* Martlet: convolutional networks through one C header.
 *
 * Build a graph of layers, compile it, train it on arrays of your own, predict. Everything is
 * computed in this library; it needs nothing but the C and C++ runtime that every system has.
 *
 * Conventions
 *
 *   Status     Every call that can fail returns a martlet_status, MARTLET_OK being 0. On any other,
 *              martlet_last_error() of the same thread says which layer, what was expected, what
 *              was given. Outputs are written on MARTLET_OK only. NULL for an argument that must
 *              not be NULL gives MARTLET_INVALID_ARGUMENT. "Fails:" lists what else than MARTLET_OK
 *              a function returns, without MARTLET_. What returns no status cannot fail; given a
 *              handle of NULL, or none, it returns 0, "" or NULL.
 *   Ownership  A function that *creates* writes a new handle to its first argument; give it back
 *              with the matching martlet_..._release. Releasing NULL is fine. A handle that was
 *              released must not be used again: as long as nothing else has its place in memory,
 *              that is an INVALID_ARGUMENT, as is one kind of handle for another, and releasing it
 *              does nothing. What a call *borrows* it uses until it returns. Text it *creates* is
 *              freed with martlet_text_release; text that *views* a handle lives as long as the
 *              handle.
 *   Threads    Calls on different handles may run at the same time. Calls on one model wait for
 *              each other. A layer shared by models counts as all of them. Errors are per thread.
 *              A progress function may call the model that it is told of; a loss function must not.
 *   Arrays     Row-major; the first axis counts samples; images are channels last, [n][h][w][c].
 *              Borrowed arrays are read in place, batch by batch, and never copied whole. Places
 *              for results are the caller's, contiguous and float unless something else is said.
 *   Text       UTF-8, ended by a zero byte. Attributes and configurations are JSON objects.
 *   Structs    Those with struct_size grow at their end: the library reads and writes no more of
 *              one than the caller's struct_size says, and takes 0 for what is missing.
 *              martlet_array, of which there are arrays, has no struct_size and never changes.
 *   Versions   Within one MARTLET_ABI_VERSION nothing is taken away or changes its meaning: a
 *              program goes on working with every later library of the name libmartlet.so.1.
 */
#ifndef MARTLET_H
#define MARTLET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MARTLET_API __attribute__((visibility("default")))
#else
#define MARTLET_API
#endif

/* ---- Version, errors, settings --------------------------------------------------------------- */

/* Rises when a program compiled against an older header could break. */
#define MARTLET_ABI_VERSION 1

/* What a call has come to. Numbers are never given to another meaning; new ones may come. */
typedef int32_t martlet_status;
enum {
  MARTLET_OK = 0,
  MARTLET_INVALID_ARGUMENT = 1, /* a value that does not fit: shape, range, unknown name */
  MARTLET_INVALID_TYPE = 2,     /* a value of the wrong kind: text for a number, an unknown dtype */
  MARTLET_INVALID_STATE = 3,    /* a call out of order: training before compiling */
  MARTLET_NOT_FINITE = 4,       /* NaN or infinity in the data, the loss or the gradients */
  MARTLET_OUT_OF_MEMORY = 5,
  MARTLET_STOPPED = 6,          /* the progress callback asked to stop */
  MARTLET_FILE_ERROR = 7        /* a file that the system refuses, or that is cut short, damaged */
};

/* The ABI version of the library, to be compared with MARTLET_ABI_VERSION. */
MARTLET_API int32_t martlet_abi_version(void);
/* The version of the library, such as "0.1.0". Lives forever. */
MARTLET_API const char *martlet_version(void);
/* What went wrong in this thread's latest call that failed; "" before the first. Never NULL;
 * valid until this thread's next failing call. */
MARTLET_API const char *martlet_last_error(void);

/* Frees text that a function created. NULL is fine. */
MARTLET_API void martlet_text_release(char *text);

/* The kernels in use: "portable", "avx2", "avx512", "avx512_bf16" or "amx"; the last two are
 * AVX-512 with products of bfloat16 pairs, and with tile registers of them. Lives forever. The
 * environment variable MARTLET_ISA, one of these names, lowers it at start. */
MARTLET_API const char *martlet_instruction_set(void);
/* Why MARTLET_ISA, MARTLET_NUM_THREADS or MARTLET_MATMUL_PRECISION was not followed, what is
 * accepted and what is used instead; "" where all were followed. Lives forever. */
MARTLET_API const char *martlet_settings_warning(void);

/* Threads used for computing, the calling one included. Results do not depend on it. */
MARTLET_API int32_t martlet_thread_count(void);
/* count: 1 to 1024, also more than there are processors; or 0 for what processor affinity, the
 * container's quota (rounded up) and the environment variable MARTLET_NUM_THREADS, 1 to 1024,
 * allow. Takes effect with the next computation.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_set_thread_count(int32_t count);

/* How exactly convolutions and matrix products are worked out in layers whose dtype is float32:
 * "highest" or "high". At start what the environment variable MARTLET_MATMUL_PRECISION says, else
 * "highest". Lives forever. */
MARTLET_API const char *martlet_matmul_precision(void);
/* precision: "highest" for float32, or "high" for factors in two bfloat16 parts each: about 16 good
 * bits of float32's 24, summed in float32. Takes effect with the next computation, of all models.
 * Changes nothing where the processor has no tile registers: float32 is faster than that there.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_set_matmul_precision(const char *precision);

/* Starts all randomness (weights, shuffling, dropout) afresh from a seed. One stream of seeds
 * serves the whole process: threads that make models at the same time share it. */
MARTLET_API void martlet_set_random_seed(uint64_t seed);
/* Takes the next seed of the stream that layers without a seed of their own draw from; below
 * 2^53. */
MARTLET_API uint64_t martlet_next_random_seed(void);
/* Where that stream stands: given to martlet_set_random_seed, the seeds that follow are those that
 * follow now. */
MARTLET_API uint64_t martlet_random_position(void);
/* Makes automatic layer names start again without a number. */
MARTLET_API void martlet_reset_names(void);

/* ---- Arrays ---------------------------------------------------------------------------------- */

/* What the elements of an array are. Where they are computed with, they become float32. */
typedef int32_t martlet_dtype;
enum {
  MARTLET_FLOAT32 = 0,
  MARTLET_FLOAT64 = 1,
  MARTLET_INT8 = 2,
  MARTLET_UINT8 = 3,
  MARTLET_INT16 = 4,
  MARTLET_UINT16 = 5,
  MARTLET_INT32 = 6,
  MARTLET_UINT32 = 7,
  MARTLET_INT64 = 8,
  MARTLET_UINT64 = 9,
  MARTLET_BOOL = 10, /* one byte, 0 or not */
  MARTLET_FLOAT16 = 11
};

/* An array of the caller's, which calls borrow. shape[0] counts samples. Arrays of this struct
 * cross the ABI, so it has no struct_size and keeps its layout for good. */
typedef struct martlet_array {
  const void *data;
  const int64_t *shape;   /* rank extents, from 0 up */
  const int64_t *strides; /* bytes from one index to the next, per axis; NULL: contiguous */
  int32_t rank;           /* 1 to 8 */
  martlet_dtype dtype;
} martlet_array;

/* ---- Layers and symbols ---------------------------------------------------------------------- */

/* A layer: configuration, and weights once it has been called. */
typedef struct martlet_layer martlet_layer;
/* A tensor to be: the output of a layer call, or an input. */
typedef struct martlet_symbol martlet_symbol;

/* A loss that the caller works out: for count samples, one behind the other, their targets and
 * predictions. Writes a value for each sample, and to gradients its derivatives with respect to the
 * sample's predictions. Returns 0, or any other value where it failed: the loss is NaN then. Called
 * by one thread at a time, for batch after batch, and not always by the thread that trains. */
typedef int32_t (*martlet_loss_function)(void *user, int64_t count, const float *targets,
                                         const float *predictions, float *values,
                                         float *gradients);
/* Creates a layer of such a loss, to be called on targets and predictions in a graph for
 * martlet_model_compile_graphs. name: NULL for an automatic one. function is called, with user, as
 * long as the layer, or a model it is part of, lives.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_layer_create_loss(martlet_layer **out, const char *name,
                                                     martlet_loss_function function, void *user);

/* Creates a layer. class_name is Keras's ("Conv2D"), attributes a JSON object with Keras's argument
 * names ({"filters": 32, "kernel_size": 3, "activation": "relu"}); NULL stands for "{}".
 * "dtype" is "float32" or "mixed_bfloat16", by name or as Keras's policy object: the latter rounds
 * the factors of the layer's products to bfloat16 where the processor multiplies those faster, with
 * the instruction sets "avx512_bf16" and "amx", and the layer gains by it. Weights, sums and
 * outputs are float32 in both.
 * Unknown class names and attributes are errors that name the nearest known one.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_layer_create(martlet_layer **out, const char *class_name,
                                                const char *attributes);
/* Gives a layer back. Symbols and models that came of it keep what they need. NULL is fine. */
MARTLET_API void martlet_layer_release(martlet_layer *layer);
/* The layer's name, given or automatic ("conv2d_1"). Views the layer. */
MARTLET_API const char *martlet_layer_name(const martlet_layer *layer);
/* The layer's class, such as "Conv2D". Views the layer. */
MARTLET_API const char *martlet_layer_class_name(const martlet_layer *layer);
/* Creates the full configuration as JSON, defaults included, in Keras's spelling.
 * Fails: INVALID_ARGUMENT, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_layer_config(char **out, const martlet_layer *layer);
/* Whether weights exist: 1 after the first call (at once for layers without weights), else 0. */
MARTLET_API int32_t martlet_layer_is_built(const martlet_layer *layer);
/* Whether the layer's weights change in training: 1, unless it was created or set otherwise. */
MARTLET_API int32_t martlet_layer_is_trainable(const martlet_layer *layer);
/* trainable: 0 or 1. A layer that is not trainable keeps its weights in training; batch
 * normalization then also normalizes by its moving averages. Takes effect with the next compile.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_layer_set_trainable(martlet_layer *layer, int32_t trainable);

/* Whether the layer draws random numbers in training, as dropout does. */
MARTLET_API int32_t martlet_layer_is_random(const martlet_layer *layer);
/* The key of those numbers: the argument "seed", or what was drawn for it. With the same weights,
 * optimizer state and data the same key gives the same numbers. INVALID_STATE is for a layer that
 * draws none.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_layer_seed(uint64_t *seed, const martlet_layer *layer);
/* Sets that key. Takes effect with the next step.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_layer_set_seed(martlet_layer *layer, uint64_t seed);

/* In shapes of symbols: an extent left open. Such a model takes data of any size there. */
enum { MARTLET_OPEN = -1 };

/* Creates an input of a model. shape: of one sample, extents from 1 up or MARTLET_OPEN; rank: 0 to
 * 7. name: NULL for automatic.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_input_create(martlet_symbol **out, const int64_t *shape,
                                                int32_t rank, const char *name);
/* Creates the symbol that layer(inputs...) stands for; builds the layer's weights if this is its
 * first call. Calling one layer several times shares its weights. inputs: borrowed; all may be
 * released afterwards. INVALID_ARGUMENT, too, for a layer with several outputs.
 * Fails: INVALID_ARGUMENT, INVALID_STATE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_layer_call(martlet_symbol **out, martlet_layer *layer,
                                              martlet_symbol *const *inputs, int32_t input_count);
/* The same for a layer with several outputs (a model): creates martlet_layer_output_count symbols,
 * which out_count must be, to be released one by one.
 * Fails: INVALID_ARGUMENT, INVALID_STATE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_layer_call_all(martlet_symbol **outs, int32_t out_count,
                                                  martlet_layer *layer,
                                                  martlet_symbol *const *inputs,
                                                  int32_t input_count);
/* Outputs of a call: 1 but for models used as layers. */
MARTLET_API int32_t martlet_layer_output_count(const martlet_layer *layer);
/* Gives a symbol back. Symbols and models that came of it keep what they need. NULL is fine. */
MARTLET_API void martlet_symbol_release(martlet_symbol *symbol);
/* Shape of one sample, MARTLET_OPEN for what follows from such an extent of an input. rank is
 * written; at most capacity extents are written to shape.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_symbol_shape(const martlet_symbol *symbol, int64_t *shape,
                                                int32_t capacity, int32_t *rank);

/* ---- Weights --------------------------------------------------------------------------------- */

/* Weights of a layer or model: trainable ones of a layer first, layers in order, each weight once,
 * float32. For a model this is the order of Keras's get_weights(). 0 before the first call. */
MARTLET_API int64_t martlet_layer_weight_count(const martlet_layer *layer);

/* What a weight is called and how large it is. */
typedef struct martlet_weight_info {
  size_t struct_size;  /* set by the caller to sizeof(martlet_weight_info) */
  const char *name;    /* "kernel"; views the layer */
  const char *layer;   /* name of the layer that owns it; views the layer */
  int32_t trainable;   /* 0 for moving averages and weights of frozen layers */
  int32_t rank;
  int64_t shape[8];
  int64_t count;       /* elements */
} martlet_weight_info;

/* Describes weight index, from 0 to martlet_layer_weight_count - 1. The names view the layer.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_layer_weight_info(martlet_weight_info *out,
                                                     const martlet_layer *layer, int64_t index);
/* Writes the index of a weight by its name: of a layer "kernel", of a model what it is called in
 * files, "encoder/dense/kernel". The nearest name stands in the message where there is none.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_layer_weight_index(int64_t *index, const martlet_layer *layer,
                                                      const char *name);
/* Copies a weight out, row-major. count must be its number of elements. Waits for a model that is
 * computing with it.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_layer_get_weight(const martlet_layer *layer, int64_t index,
                                                    float *values, int64_t count);
/* Copies all weights in, any dtype. count must be martlet_layer_weight_count. All shapes are
 * checked before the first value changes. Here the first axis of an array is that of the weight;
 * there are no samples. A weight without axes comes as an array of one element. Waits for a model
 * that is computing with them.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE. */
MARTLET_API martlet_status martlet_layer_set_weights(martlet_layer *layer,
                                                     const martlet_array *weights, int64_t count);

/* ---- Models ---------------------------------------------------------------------------------- */

/* A network: the way from some symbols to others, with what it was compiled with. */
typedef struct martlet_model martlet_model;

/* Creates a model from input and output symbols. The symbols may be released afterwards.
 * class_name: "Functional" or "Sequential", as it shall show in descriptions; NULL: "Functional".
 * name: NULL for automatic.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_model_create(martlet_model **out,
                                                martlet_symbol *const *inputs,
                                                int32_t input_count,
                                                martlet_symbol *const *outputs,
                                                int32_t output_count, const char *class_name,
                                                const char *name);
/* Gives a model back. Layers, and models it is part of, keep what they need. NULL is fine. */
MARTLET_API void martlet_model_release(martlet_model *model);
/* Creates a handle to the model as a layer: to nest it, or to reach its weights.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_model_as_layer(martlet_layer **out, const martlet_model *model);
/* Creates a JSON description:
 *   {"class_name": "Functional", "name": "functional", "trainable": true,
 *    "inputs": [["input_layer", 0, 0]], "outputs": [["dense", 0, 0]],
 *    "layers": [{"class_name": "Conv2D", "name": "conv2d", "config": {...}, "trainable": true,
 *                "parameters": 320, "trainable_parameters": 320,
 *                "nodes": [{"inputs": [["input_layer", 0, 0]], "output_shapes": [[26, 26, 32]]}],
 *                "weights": ["kernel", "bias"]}]}
 * Layers stand in topological order, inputs as class "InputLayer"; a tensor is
 * [layer name, index of the call, index of the output]; shapes are of one sample, null for
 * extents left open. Nested models have "layers" of their own. A layer that stands in several of
 * them is described wherever it stands, from the second time on with "shared_with": the names of
 * the models around its first place and its own, with slashes between them.
 * Fails: INVALID_ARGUMENT, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_describe(char **out, const martlet_model *model);
/* Creates a model of the same inputs and layers, their weights shared, that gives what is between
 * them: the features that a layer finds. outputs: a JSON array of tensors as in descriptions,
 * [["conv2d", 0, 0]], or of names of layers that are called once, ["conv2d"]. name: NULL for an
 * automatic one.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE. */
MARTLET_API martlet_status martlet_model_create_part(martlet_model **out,
                                                     const martlet_model *model,
                                                     const char *outputs, const char *name);

/* Writes a model to a file: what martlet_model_describe says, and the weights. It is there whole or
 * not at all; one of that name is replaced when the new one is finished.
 * The file has the safetensors form (its names end in .safetensors), which many programs read.
 * Tensors are named by models within the model, layer and weight: "encoder/dense/kernel".
 * options: a JSON object, NULL for "{}":
 *   {"training": true,         whether training can go on from the file, bit by bit: what the model
 *                              was compiled with, the optimizer's state, random numbers to come;
 *                              without it: if the model is compiled
 *    "metadata": {"by": "me"}} texts to be kept with it
 * path: UTF-8. FILE_ERROR where the system refuses; INVALID_STATE for a training that the file
 * cannot hold, such as one with a loss of the caller's.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, OUT_OF_MEMORY, FILE_ERROR. */
MARTLET_API martlet_status martlet_model_save(martlet_model *model, const char *path,
                                              const char *options);
/* Creates the model of such a file, ready to predict, and compiled where the file holds a training:
 * it then goes on as if it had not been interrupted. FILE_ERROR for a file that is cut short or
 * damaged. Files need not be trusted: nothing that they say is believed before it has been checked.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, OUT_OF_MEMORY, FILE_ERROR. */
MARTLET_API martlet_status martlet_model_load(martlet_model **out, const char *path);
/* Creates the metadata of such a file, a JSON object of texts: those that martlet_model_save was
 * given, "model", and others of the library's own.
 * Fails: INVALID_ARGUMENT, OUT_OF_MEMORY, FILE_ERROR. */
MARTLET_API martlet_status martlet_model_file_metadata(char **out, const char *path);

/* ---- Training -------------------------------------------------------------------------------- */

/* Gets a model ready to train. configuration:
 *   {"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.001}},  or a schedule, below
 *    "losses": [{"class_name": "SparseCategoricalCrossentropy", "config": {}}], one per output
 *    "loss_weights": [1.0],                                                     optional
 *    "metrics": [[{"class_name": "Accuracy", "name": "accuracy"}]],             one list per output
 *    "weighted_metrics": [[]],          the same for metrics in which samples count what they weigh
 *    "output_names": ["out"]}           what results are named by, if not by the layers
 * Losses and metrics are Keras's, by class or function name. "Accuracy" chooses binary, categorical
 * or sparse by shape, as Keras does for "accuracy"; Keras's class of that name is "ExactAccuracy".
 * So does the loss "Crossentropy", which the first targets settle.
 * "ConfusionMatrix" (optional "num_classes") counts how often each class was taken for each other
 * one. "name" is the key its value gets. Compiling again forgets the optimizer's state, but for
 * "keeps_optimizer": true, which goes on with the one that the model has been compiled with. Where
 * compiling fails, the model stays compiled as it was.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_compile(martlet_model *model, const char *configuration);
/* The same with losses and metrics that are put together of layers. A graph is a model of two
 * inputs, targets and predictions, in the shapes of one sample, and of one output, the values:
 *   {"class_name": "Graph", "name": "my_loss", "config": {"graph": 0}}     the first of the graphs
 * The loss is the mean of all values, or with "reduction": "sum" their sum; a metric their mean.
 * "of_batch": true says of a metric that its values are of the whole batch, the same for all
 * samples. Without "graph", or with null, it is not known yet: the model can be compiled, but not
 * trained. Weights in graphs must be the model's own or not trainable. graphs: borrowed.
 * A metric {"class_name": "Callers", "name": "mine"} only keeps a place among the results, which is
 * 0: see martlet_model_observe.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_compile_graphs(martlet_model *model,
                                                        const char *configuration,
                                                        const martlet_model *const *graphs,
                                                        int32_t graph_count);
/* Whether martlet_model_compile succeeded before: 1 or 0. */
MARTLET_API int32_t martlet_model_is_compiled(const martlet_model *model);

/* Numbers that training and evaluation report: the loss first, then with several outputs each
 * output's loss, then the metrics in the order of compilation. 0 before compiling. */
MARTLET_API int32_t martlet_model_result_count(const martlet_model *model);
/* The name of a result, such as "loss". Views the model, until it is compiled again. NULL for an
 * index out of range. */
MARTLET_API const char *martlet_model_result_name(const martlet_model *model, int32_t index);
/* Extents of a result: rank 0 for a single number, 1 for a number per class or threshold, 2 for a
 * matrix. rank is written; at most capacity extents are written to shape.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_model_result_shape(const martlet_model *model, int32_t index,
                                                      int64_t *shape, int32_t capacity,
                                                      int32_t *rank);
/* Numbers in all results together: as many as results, unless some are rows or matrices. */
MARTLET_API int64_t martlet_model_value_count(const martlet_model *model);

/* ---- Optimizers ------------------------------------------------------------------------------ */

/* Whether martlet_model_compile would take an optimizer:
 *   {"class_name": "Adam", "config": {"learning_rate": 0.001, "clipnorm": 1.0}}
 * Names of classes and arguments are Keras's; the message of an error names the argument.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE. */
MARTLET_API martlet_status martlet_optimizer_check(const char *description);

/* One of the optimizer's numbers by Keras's name: "learning_rate", "iterations". A learning rate
 * that follows a schedule is that of the next step. INVALID_STATE before compiling.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_model_optimizer_value(const martlet_model *model,
                                                         const char *name, double *value);
/* Sets one of those numbers, from 0 up. A learning rate that follows a schedule cannot be set.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_model_set_optimizer_value(martlet_model *model,
                                                             const char *name, double value);
/* Numbers in the optimizer's state, step count and learning rate included; 0 before compiling. */
MARTLET_API int64_t martlet_model_optimizer_parameter_count(const martlet_model *model);

/* A learning rate that the caller works out. Writes the rate of the step that so many others came
 * before and returns 0; on any other value the call that trains ends with MARTLET_INVALID_STATE
 * before the step has changed a weight. Called by the thread that called. */
typedef int32_t (*martlet_learning_rate)(void *user, int64_t steps, double *rate);
/* Makes the learning rate follow a schedule from the next step on:
 *   {"class_name": "ExponentialDecay",
 *    "config": {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9}}
 * with Keras's names; in martlet_model_compile it may stand in the place of the learning rate.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE. */
MARTLET_API martlet_status martlet_model_set_learning_rate_schedule(martlet_model *model,
                                                                    const char *schedule);
/* Asks a function for the rate of each step from now on. user is handed to it, and must live until
 * the model is released, compiled again, or given another schedule.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_model_set_learning_rate_function(martlet_model *model,
                                                                    martlet_learning_rate function,
                                                                    void *user);
/* What a schedule says: the rates of the steps that so many others came before. steps and rates:
 * count numbers each; count from 0 up.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE. */
MARTLET_API martlet_status martlet_learning_rates(const char *schedule, const double *steps,
                                                  double *rates, int64_t count);

/* Parts of the optimizer's state as Keras's optimizer.variables lists them: "iteration",
 * "learning_rate" unless it follows a schedule (both rank 0), then what the optimizer remembers of
 * each weight that was trainable when the model was compiled, such as "dense_kernel_momentum", and
 * of none ("u_product" of Nadam, rank 0). All of it is there from compiling on. 0 before. */
MARTLET_API int64_t martlet_model_optimizer_weight_count(const martlet_model *model);
/* Describes part index of that state. name and layer view the model; layer is the name of the layer
 * whose weight it goes with, or "".
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_model_optimizer_weight_info(martlet_weight_info *out,
                                                               const martlet_model *model,
                                                               int64_t index);
/* Copies a part of the state out. count must be its number of elements. A float holds a count of
 * steps exactly up to 2^24, martlet_model_optimizer_value any.
 * Fails: INVALID_ARGUMENT, INVALID_STATE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_optimizer_weight_get(const martlet_model *model,
                                                              int64_t index, float *values,
                                                              int64_t count);
/* Copies a part of the state in, any dtype. The shape must be that of the part, and [1] for rank 0.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_optimizer_weight_set(martlet_model *model, int64_t index,
                                                              const martlet_array *values);

/* One step with gradients of the caller's: one, of any dtype, for each weight that was trainable
 * when the model was compiled, of its shape, in the order of martlet_layer_weight_info.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_apply_gradients(martlet_model *model,
                                                         const martlet_array *gradients,
                                                         int64_t count);
/* Ends a training: where the optimizer averages weights ("use_ema"), the averages take their place.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_model_finalize_weights(martlet_model *model);

/* ---- Data and passes over it ----------------------------------------------------------------- */

/* Samples with their targets; all arrays have equally many samples. */
typedef struct martlet_data {
  size_t struct_size; /* sizeof(martlet_data) */
  const martlet_array *x;
  const martlet_array *y;
  const martlet_array *sample_weight; /* [n] or [n][1]; one for all outputs or one per output */
  int32_t x_count;                    /* inputs of the model */
  int32_t y_count;                    /* outputs of the model */
  int32_t sample_weight_count;        /* 0: every sample counts 1 */
  int32_t class_weight_count;         /* 0: every class counts 1 */
  const int64_t *classes;             /* class_weight_count class numbers ... */
  const double *class_weights;        /* ... and what their samples count */
} martlet_data;

/* Called after each batch by the thread that called, with the values so far (value_count of them,
 * in the order of the results, matrices row by row; valid during the call). Return 0 to go on; on
 * any other value the call ends after this batch with MARTLET_STOPPED; the model stays usable. */
typedef int32_t (*martlet_progress)(void *user, int64_t batches_done, int64_t batch_count,
                                    const double *values, int32_t value_count);

/* What to do when a loss turns NaN or infinite. */
enum {
  MARTLET_ON_NAN_STOP = 0,    /* MARTLET_NOT_FINITE, naming the batch, before it changes a weight */
  MARTLET_ON_NAN_IGNORE = 1,  /* go on as Keras does */
  MARTLET_ON_NAN_RESTORE = 2  /* as STOP, and all weights and optimizer state go back to what they
                                 were when the call started */
};

/* How to go through the data. */
typedef struct martlet_epoch_options {
  size_t struct_size; /* sizeof(martlet_epoch_options) */
  int64_t batch_size; /* from 1 up; the last batch may be smaller */
  int32_t shuffle;    /* 0 or 1: a new order for each call */
  int32_t on_nan;     /* MARTLET_ON_NAN_... */
  martlet_progress progress; /* or NULL */
  void *user;                /* handed to progress */
  int32_t continues;  /* 1: the data goes on where that of the model's previous call of the same
                         function ended, so results are means over both; for data that is not all
                         there at once. 0: a pass of its own */
} martlet_epoch_options;

/* Checks data against a compiled model without touching a weight: ranks, shapes, lengths, labels
 * out of range (which index, which label), one-hot against sparse targets, NaN in x, targets or
 * weights of samples. A trailing axis of 1 may be missing from x or surplus. Reads all of the data.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, NOT_FINITE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_check(const martlet_model *model,
                                               const martlet_data *data);

/* One pass over the data, updating the weights after each batch. results: martlet_model_value_count
 * numbers, over all samples. The data is expected to have passed martlet_model_check: shapes are
 * checked again, labels out of range count as an error of their batch. NOT_FINITE as on_nan says.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, NOT_FINITE, OUT_OF_MEMORY, STOPPED. */
MARTLET_API martlet_status martlet_model_train(martlet_model *model, const martlet_data *data,
                                               const martlet_epoch_options *options,
                                               double *results);
/* One pass without changing anything. shuffle and on_nan are ignored. results: as for
 * martlet_model_train.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, OUT_OF_MEMORY, STOPPED. */
MARTLET_API martlet_status martlet_model_evaluate(martlet_model *model, const martlet_data *data,
                                                  const martlet_epoch_options *options,
                                                  double *results);
/* Has martlet_model_train and martlet_model_evaluate hand out every batch before they call
 * progress, if a metric of class "Callers" is compiled. outputs: one array per output of the model,
 * each of capacity times the output's sample size floats: what the model gave for the batch, before
 * its step. samples: capacity numbers: the places of the batch's samples in the data. Both are
 * written to until the next call of this function; outputs NULL ends it, and so does compiling.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_model_observe(martlet_model *model, float *const *outputs,
                                                 int32_t output_count, int64_t *samples,
                                                 int64_t capacity);
/* Predictions for the n samples of x, one array per input of the model. Needs no compiling.
 * outputs: one array per output of the model, each of n times the output's sample size floats.
 * training: 1 to run dropout and batch normalization as in training (moving averages stay as they
 * are). options: batch_size, progress (value_count 0) and user are used; NULL for batches of 32.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, OUT_OF_MEMORY, STOPPED. */
MARTLET_API martlet_status martlet_model_predict(martlet_model *model, const martlet_array *x,
                                                 int32_t x_count, int32_t training,
                                                 const martlet_epoch_options *options,
                                                 float *const *outputs, int32_t output_count);
/* Shape of one sample of output index for these inputs, where the model leaves sizes open. rank is
 * written; at most capacity extents are written to shape.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_model_output_shape(martlet_model *model, const martlet_array *x,
                                                      int32_t x_count, int32_t index,
                                                      int64_t *shape, int32_t capacity,
                                                      int32_t *rank);

/* Gradients, with respect to the inputs, of the sum of all outputs times factors: for each sample
 * how much every number of it raises a class whose factor is 1 among zeros. Layers compute as in
 * prediction, nothing of the model changes, and no compiling is needed. A model that starts in the
 * middle of another one gives the gradient there.
 * factors: one array per output of the model, of its shape. of_scores: 1 to take what a softmax or
 * sigmoid at the end is given instead of what it makes of it. gradients: one array per input of the
 * model, each of n times the input's sample size floats. options: as for martlet_model_predict.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, OUT_OF_MEMORY, STOPPED. */
MARTLET_API martlet_status martlet_model_input_gradients(
    martlet_model *model, const martlet_array *x, int32_t x_count, const martlet_array *factors,
    int32_t factor_count, int32_t of_scores, const martlet_epoch_options *options,
    float *const *gradients, int32_t gradient_count);

/* Times what a batch's time goes into: training steps where data has targets, which needs
 * compiling, else predictions. Weights and optimizer are afterwards what they were before. Creates
 * a JSON text:
 *   {"training": true, "batch_size": 32, "batches": 10, "threads": 2, "instruction_set": "avx512",
 *    "milliseconds": 2.1, "busy_milliseconds": 3.9,
 *    "rows": [{"layer": "conv2d", "operation": "convolution + bias + activation",
 *              "pass": "forward", "milliseconds": 0.9, "share": 0.23, "gflops": 88.0,
 *              "gigabytes_per_second": 3.1}]}
 * Rows stand in the order of execution: one for each operation in each pass, "prepare", "forward",
 * "loss", "backward" and "update"; operations that the library carries out as one stand in the row
 * of the first one's layer, and "layer" is "" for what belongs to none. Times are of one batch,
 * medians over the batches. "milliseconds" of the whole is the time from begin to end; those of the
 * rows, whose sum is "busy_milliseconds", are of all threads together, and "share" is a row's part
 * of that sum.
 * "gflops" counts two operations for each multiplication of the direct algorithm, null where memory
 * sets the pace; "gigabytes_per_second" counts each tensor that is read or written once; both are
 * per thread.
 * One batch runs before the clock starts, then all whole batches of the data, again from the first
 * one until there are ten or a second has passed. data: x, and y for training; expected to have
 * passed martlet_model_check. options: batch_size, progress (value_count 0) and user are used; NULL
 * for batches of 32.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, INVALID_STATE, OUT_OF_MEMORY, STOPPED. */
MARTLET_API martlet_status martlet_model_profile(char **out, martlet_model *model,
                                                 const martlet_data *data,
                                                 const martlet_epoch_options *options);

/* ---- Losses and metrics by themselves -------------------------------------------------------- */

/* The loss of predictions. configuration: one of the "losses" of martlet_model_compile. y_pred: its
 * last axis holds the values of one prediction. y_true: class numbers for each of them, or as many
 * values. weights: as many as predictions, or NULL for 1. With the "reduction" "none" a number for
 * each prediction is written, else one. count is written; at most capacity numbers are written to
 * values.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_loss_values(float *values, int64_t capacity, int64_t *count,
                                               const char *configuration,
                                               const martlet_array *y_true,
                                               const martlet_array *y_pred,
                                               const martlet_array *weights);

/* A metric that is fed by hand. Calls on one metric wait for each other. */
typedef struct martlet_metric martlet_metric;
/* Creates a metric. configuration: one of the "metrics" of martlet_model_compile.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE. */
MARTLET_API martlet_status martlet_metric_create(martlet_metric **out, const char *configuration);
/* Gives a metric back. NULL is fine. */
MARTLET_API void martlet_metric_release(martlet_metric *metric);
/* Counts the n samples of y_pred, whose last axis holds the values of one prediction. y_true: class
 * numbers for each of them, or as many values; NULL for "Mean" and "Sum". weights: [n] or [n][1],
 * or NULL for 1.
 * Fails: INVALID_ARGUMENT, INVALID_TYPE, OUT_OF_MEMORY. */
MARTLET_API martlet_status martlet_metric_update(martlet_metric *metric,
                                                 const martlet_array *y_true,
                                                 const martlet_array *y_pred,
                                                 const martlet_array *weights);
/* Forgets all samples.
 * Fails: INVALID_ARGUMENT. */
MARTLET_API martlet_status martlet_metric_reset(martlet_metric *metric);
/* The result of all updates since creation or reset, row by row. rank, 0 to 2, is written, and as
 * many extents to shape, which has room for 2; at most capacity numbers to values. INVALID_STATE
 * for a metric whose result has no size before the first update.
 * Fails: INVALID_ARGUMENT, INVALID_STATE. */
MARTLET_API martlet_status martlet_metric_result(const martlet_metric *metric, double *values,
                                                 int64_t capacity, int64_t *shape, int32_t *rank);

#ifdef __cplusplus
}
#endif

#endif
