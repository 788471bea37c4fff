-- Handwritten digits in Lua, with LuaJIT's FFI: trains a network on pictures, stores it, loads it,
-- and asks it about pictures that it has not seen.
--
--     luajit digits.lua FOLDER digits.safetensors
--
-- FOLDER holds MNIST's four files, or smaller ones that examples/make_digits.py writes. A model's
-- file that is there already is only loaded: it may come from the same program in another language.
-- After the same seed all of them find the same losses, which stand here in hexadecimal, too, for
-- nothing to be rounded away.
local ffi = require("ffi")

-- What this program needs of martlet.h, declared as it stands there.
ffi.cdef([[
typedef int32_t martlet_status;
typedef struct martlet_layer martlet_layer;
typedef struct martlet_symbol martlet_symbol;
typedef struct martlet_model martlet_model;

typedef struct martlet_array {
  const void *data;
  const int64_t *shape;
  const int64_t *strides;
  int32_t rank;
  int32_t dtype;
} martlet_array;

typedef struct martlet_data {
  size_t struct_size;
  const martlet_array *x, *y, *sample_weight;
  int32_t x_count, y_count, sample_weight_count, class_weight_count;
  const int64_t *classes;
  const double *class_weights;
} martlet_data;

typedef int32_t (*martlet_progress)(void *user, int64_t done, int64_t count, const double *values,
                                    int32_t value_count);

typedef struct martlet_epoch_options {
  size_t struct_size;
  int64_t batch_size;
  int32_t shuffle, on_nan;
  martlet_progress progress;
  void *user;
  int32_t continues;
} martlet_epoch_options;

const char *martlet_last_error(void);
void martlet_set_random_seed(uint64_t seed);

martlet_status martlet_input_create(martlet_symbol **out, const int64_t *shape, int32_t rank,
                                    const char *name);
martlet_status martlet_layer_create(martlet_layer **out, const char *class_name,
                                    const char *attributes);
martlet_status martlet_layer_call(martlet_symbol **out, martlet_layer *layer,
                                  martlet_symbol *const *inputs, int32_t input_count);
void martlet_layer_release(martlet_layer *layer);
void martlet_symbol_release(martlet_symbol *symbol);

martlet_status martlet_model_create(martlet_model **out, martlet_symbol *const *inputs,
                                    int32_t input_count, martlet_symbol *const *outputs,
                                    int32_t output_count, const char *class_name,
                                    const char *name);
martlet_status martlet_model_load(martlet_model **out, const char *path);
martlet_status martlet_model_save(martlet_model *model, const char *path, const char *options);
void martlet_model_release(martlet_model *model);
martlet_status martlet_model_compile(martlet_model *model, const char *configuration);
martlet_status martlet_model_check(const martlet_model *model, const martlet_data *data);
martlet_status martlet_model_train(martlet_model *model, const martlet_data *data,
                                   const martlet_epoch_options *options, double *results);
martlet_status martlet_model_predict(martlet_model *model, const martlet_array *x, int32_t x_count,
                                     int32_t training, const martlet_epoch_options *options,
                                     float *const *outputs, int32_t output_count);
]])
local UINT8 = 3

local martlet = ffi.load("libmartlet.so.1")

local CLASSES, EPOCHS, BATCH_SIZE = 10, 8, 32

local function check(status)
  if status ~= 0 then
    error(ffi.string(martlet.martlet_last_error()), 0)
  end
end

-- Calls a function that creates a handle; the garbage collector gives it back.
local function create(kind, constructor, ...)
  local out = ffi.new("martlet_" .. kind .. " *[1]")
  check(constructor(out, ...))
  return ffi.gc(out[0], martlet["martlet_" .. kind .. "_release"])
end

-- Reads an IDX file: two zero bytes, the type (8: bytes), the number of axes; the extents,
-- big-endian; the values.
local function read_idx(path, axes)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  if #content < 4 + 4 * axes or content:byte(3) ~= 8 or content:byte(4) ~= axes then
    error(("%s is no IDX file of bytes with %d axes"):format(path, axes), 0)
  end
  local shape, count = {}, 1
  for axis = 1, axes do
    local a, b, c, d = content:byte(4 * axis + 1, 4 * axis + 4)
    shape[axis] = ((a * 256 + b) * 256 + c) * 256 + d
    count = count * shape[axis]
  end
  if #content ~= 4 + 4 * axes + count then
    error(path .. " is cut short, or too long", 0)
  end
  local values = ffi.new("uint8_t[?]", count)
  ffi.copy(values, content:sub(4 + 4 * axes + 1), count)
  return values, shape
end

-- part: "train" or "test"
local function read_pictures(folder, part)
  local images, shape = read_idx(folder .. "/" .. part .. "-images.idx3-ubyte", 3)
  local labels = read_idx(folder .. "/" .. part .. "-labels.idx1-ubyte", 1)
  local count = shape[1]
  shape = ffi.new("int64_t[4]", shape[1], shape[2], shape[3], 1) -- images are channels last
  return { images = images, labels = labels, count = count, shape = shape }
end

local function array(values, shape, rank)
  return ffi.new("martlet_array", { data = values, shape = shape, rank = rank, dtype = UINT8 })
end

-- Calls a layer on a symbol.
local function layer(symbol, class_name, attributes)
  local made = create("layer", martlet.martlet_layer_create, class_name, attributes)
  local inputs = ffi.new("martlet_symbol *[1]", { symbol })
  return create("symbol", martlet.martlet_layer_call, made, inputs, 1)
end

local function make_model(picture_shape)
  local input = create("symbol", martlet.martlet_input_create, picture_shape, 3, "picture")
  local x = layer(input, "Rescaling", '{"scale": 0.00392156862745098}')
  x = layer(x, "Conv2D", '{"filters": 32, "kernel_size": 3, "activation": "relu"}')
  x = layer(x, "MaxPooling2D")
  x = layer(x, "Dropout", '{"rate": 0.25}')
  x = layer(x, "Flatten")
  x = layer(x, "Dense", '{"units": 10, "activation": "softmax"}')

  local inputs = ffi.new("martlet_symbol *[1]", { input })
  local outputs = ffi.new("martlet_symbol *[1]", { x })
  local model =
    create("model", martlet.martlet_model_create, inputs, 1, outputs, 1, nil, "digits")
  check(martlet.martlet_model_compile(model, [=[{
    "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.003}},
    "losses": [{"class_name": "SparseCategoricalCrossentropy"}],
    "metrics": [[{"class_name": "Accuracy", "name": "accuracy"}]]
  }]=]))
  return model
end

local function train(model, data)
  local x, y = array(data.images, data.shape, 4), array(data.labels, data.shape, 1)
  local samples = ffi.new("martlet_data", { x = x, y = y, x_count = 1, y_count = 1 })
  samples.struct_size = ffi.sizeof(samples)
  check(martlet.martlet_model_check(model, samples))

  local epoch
  -- Draws over the line of the batch before.
  local progress = ffi.cast("martlet_progress", function(_, done, count, values)
    local line = "\repoch %d/%d: batch %d of %d, loss %.4f"
    io.write(line:format(epoch, EPOCHS, tonumber(done), tonumber(count), values[0]))
    io.flush()
    return 0 -- go on
  end)
  local options = ffi.new("martlet_epoch_options", {
    batch_size = BATCH_SIZE,
    shuffle = 1,
    progress = progress,
  })
  options.struct_size = ffi.sizeof(options)
  local results = ffi.new("double[2]") -- loss and accuracy
  for number = 1, EPOCHS do
    epoch = number
    check(martlet.martlet_model_train(model, samples, options, results))
    local line = "\repoch %d/%d: loss %.4f (%a), accuracy %.4f\n"
    io.write(line:format(epoch, EPOCHS, results[0], results[0], results[1]))
  end
  progress:free()
end
-- Code that calls back must not be compiled.
jit.off(train)

local function test(model, data)
  local x = array(data.images, data.shape, 4)
  local probabilities = ffi.new("float[?]", data.count * CLASSES)
  local outputs = ffi.new("float *[1]", { probabilities })
  check(martlet.martlet_model_predict(model, x, 1, 0, nil, outputs, 1))

  local right = 0
  local sure = 0 -- the sum of what the right digits were given
  for n = 0, data.count - 1 do
    local given, label = probabilities + n * CLASSES, data.labels[n]
    local best = 0
    for digit = 1, CLASSES - 1 do
      if given[digit] > given[best] then
        best = digit
      end
    end
    right = right + (best == label and 1 or 0)
    sure = sure + given[label]
  end
  local mean = sure / data.count
  local line = "%d of %d test pictures are told right: accuracy %.4f, mean probability %.4f (%a)"
  print(line:format(right, data.count, right / data.count, mean, mean))
end

local function main(folder, path)
  if not path then
    error("usage: luajit digits.lua FOLDER MODEL.safetensors", 0)
  end
  local stored = io.open(path, "rb")
  if stored then
    stored:close()
    print(path .. " is there already and not trained again")
  else
    local data = read_pictures(folder, "train")
    martlet.martlet_set_random_seed(7)
    local model = make_model(data.shape + 1)
    train(model, data)
    check(martlet.martlet_model_save(model, path, nil))
  end
  local model = create("model", martlet.martlet_model_load, path)
  test(model, read_pictures(folder, "test"))
end

local fine, message = pcall(main, ...)
if not fine then
  io.stderr:write(message, "\n")
  os.exit(1)
end
