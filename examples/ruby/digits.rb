# Handwritten digits in Ruby, with the Fiddle of its standard library: trains a network on pictures,
# stores it, loads it, and asks it about pictures that it has not seen.
#
#     ruby digits.rb FOLDER digits.safetensors
#
# FOLDER holds MNIST's four files, or smaller ones that examples/make_digits.py writes. A model's
# file that is there already is only loaded: it may come from the same program in another language.
# After the same seed all of them find the same losses, which stand here in hexadecimal, too, for
# nothing to be rounded away.
require "fiddle/import"
require "json"

# What this program needs of martlet.h.
module Martlet
  extend Fiddle::Importer
  dlload "libmartlet.so.1"

  UINT8 = 3
  Array = struct ["void *data", "void *shape", "void *strides", "int rank", "int dtype"]
  Data = struct [
    "size_t struct_size", "void *x", "void *y", "void *sample_weight", "int x_count", "int y_count",
    "int sample_weight_count", "int class_weight_count", "void *classes", "void *class_weights"
  ]
  EpochOptions = struct [
    "size_t struct_size", "long long batch_size", "int shuffle", "int on_nan", "void *progress",
    "void *user", "int continues"
  ]

  extern "const char *martlet_last_error(void)"
  extern "void martlet_set_random_seed(unsigned long long)"
  extern "int martlet_input_create(void *, void *, int, const char *)"
  extern "int martlet_layer_create(void *, const char *, const char *)"
  extern "int martlet_layer_call(void *, void *, void *, int)"
  extern "int martlet_model_create(void *, void *, int, void *, int, const char *, const char *)"
  extern "int martlet_model_load(void *, const char *)"
  extern "int martlet_model_save(void *, const char *, const char *)"
  extern "int martlet_model_compile(void *, const char *)"
  extern "int martlet_model_check(void *, void *)"
  extern "int martlet_model_train(void *, void *, void *, void *)"
  extern "int martlet_model_predict(void *, void *, int, int, void *, void *, int)"

  RELEASE = %w[layer symbol model].to_h do |kind|
    [kind, import_function("martlet_#{kind}_release", Fiddle::TYPE_VOID, [Fiddle::TYPE_VOIDP])]
  end

  # Calls a function by its name without `martlet_`; failing raises what the library says.
  def self.call(name, *arguments)
    status = send("martlet_#{name}", *arguments)
    raise martlet_last_error.to_s unless status.zero?
  end

  # Calls a function that creates a handle; the garbage collector gives it back.
  def self.create(name, *arguments)
    out = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
    call(name, out, *arguments)
    kind = { "layer_call" => "symbol", "input_create" => "symbol" }.fetch(name) { name[/[a-z]+/] }
    out.ptr.tap { |handle| handle.free = RELEASE.fetch(kind) }
  end

  # Numbers where C can see them; a Fiddle::Pointer keeps its String.
  def self.memory(values, format)
    Fiddle::Pointer[values.pack(format)]
  end
end

CLASSES = 10
EPOCHS = 8
BATCH_SIZE = 32

# Bytes and their shape, as the library looks at them.
Bytes = Struct.new(:content, :shape) do
  # Reads an IDX file: two zero bytes, the type (8: bytes), the number of axes; the extents,
  # big-endian; the values.
  def self.read_idx(path, axes)
    content = File.binread(path)
    _, kind, found, *shape = content.unpack("nCCN#{axes}")
    raise "#{path} is no IDX file of bytes with #{axes} axes" unless kind == 8 && found == axes
    values = content.byteslice((4 + 4 * axes)..)
    raise "#{path} is cut short, or too long" unless values.bytesize == shape.inject(:*)
    new(values, shape)
  end

  # The parts stay alive as long as this object does.
  def array
    @parts = [Fiddle::Pointer[content], Martlet.memory(shape, "q*")]
    @array = Martlet::Array.malloc(Fiddle::RUBY_FREE)
    @array.data, @array.shape = @parts
    @array.strides = nil
    @array.rank = shape.size
    @array.dtype = Martlet::UINT8
    @array
  end
end

# part: "train" or "test"
def read_pictures(folder, part)
  images = Bytes.read_idx(File.join(folder, "#{part}-images.idx3-ubyte"), 3)
  images.shape << 1 # images are channels last
  [images, Bytes.read_idx(File.join(folder, "#{part}-labels.idx1-ubyte"), 1)]
end

# Calls a layer on a symbol.
def layer(symbol, class_name, **attributes)
  layer = Martlet.create("layer_create", class_name, JSON.generate(attributes))
  Martlet.create("layer_call", layer, Martlet.memory([symbol.to_i], "J"), 1)
end

def make_model(picture_shape)
  input = Martlet.create("input_create", Martlet.memory(picture_shape, "q*"), 3, "picture")
  x = layer(input, "Rescaling", scale: 1 / 255.0)
  x = layer(x, "Conv2D", filters: 32, kernel_size: 3, activation: "relu")
  x = layer(x, "MaxPooling2D")
  x = layer(x, "Dropout", rate: 0.25)
  x = layer(x, "Flatten")
  x = layer(x, "Dense", units: 10, activation: "softmax")

  inputs, outputs = [input, x].map { |symbol| Martlet.memory([symbol.to_i], "J") }
  model = Martlet.create("model_create", inputs, 1, outputs, 1, nil, "digits")
  Martlet.call("model_compile", model, JSON.generate(
    optimizer: { class_name: "Adam", config: { learning_rate: 0.003 } },
    losses: [{ class_name: "SparseCategoricalCrossentropy" }],
    metrics: [[{ class_name: "Accuracy", name: "accuracy" }]]
  ))
  model
end

# Draws over the line of the batch before.
class ShowProgress < Fiddle::Closure
  attr_accessor :epoch

  def initialize
    pointer, long = Fiddle::TYPE_VOIDP, Fiddle::TYPE_LONG_LONG
    super(Fiddle::TYPE_INT, [pointer, long, long, pointer, Fiddle::TYPE_INT])
  end

  def call(_user, done, count, values, value_count)
    loss = values[0, 8 * value_count].unpack1("d")
    printf("\repoch %d/%d: batch %d of %d, loss %.4f", epoch, EPOCHS, done, count, loss)
    $stdout.flush
    0 # go on
  end
end

def train(model, images, labels)
  x, y = images.array, labels.array
  data = Martlet::Data.malloc(Fiddle::RUBY_FREE)
  data.to_ptr[0, Martlet::Data.size] = "\0" * Martlet::Data.size
  data.struct_size = Martlet::Data.size
  data.x, data.y = x, y
  data.x_count = data.y_count = 1
  Martlet.call("model_check", model, data)

  progress = ShowProgress.new
  options = Martlet::EpochOptions.malloc(Fiddle::RUBY_FREE)
  options.to_ptr[0, Martlet::EpochOptions.size] = "\0" * Martlet::EpochOptions.size
  options.struct_size = Martlet::EpochOptions.size
  options.batch_size = BATCH_SIZE
  options.shuffle = 1
  options.progress = progress
  results = Martlet.memory([0, 0], "d*")
  1.upto(EPOCHS) do |epoch|
    progress.epoch = epoch
    Martlet.call("model_train", model, data, options, results)
    loss, accuracy = results[0, 16].unpack("d2")
    printf("\repoch %d/%d: loss %.4f (%a), accuracy %.4f\n", epoch, EPOCHS, loss, loss, accuracy)
  end
end

def test(model, images, labels)
  count = labels.shape[0]
  outputs = Fiddle::Pointer.malloc(4 * count * CLASSES, Fiddle::RUBY_FREE)
  places = Martlet.memory([outputs.to_i], "J")
  Martlet.call("model_predict", model, images.array, 1, 0, nil, places, 1)

  probabilities = outputs[0, 4 * count * CLASSES].unpack("f*")
  answers = probabilities.each_slice(CLASSES).zip(labels.content.bytes)
  right = answers.count { |given, label| given.index(given.max) == label }
  # One by one: `sum` would round otherwise than the other programs.
  mean = answers.inject(0.0) { |sum, (given, label)| sum + given[label] } / count
  printf("%d of %d test pictures are told right: accuracy %.4f, mean probability %.4f (%a)\n",
         right, count, right.fdiv(count), mean, mean)
end

begin
  abort "usage: ruby digits.rb FOLDER MODEL.safetensors" unless ARGV.size == 2
  folder, path = ARGV
  if File.exist?(path)
    puts "#{path} is there already and not trained again"
  else
    images, labels = read_pictures(folder, "train")
    Martlet.martlet_set_random_seed(7)
    model = make_model(images.shape[1..])
    train(model, images, labels)
    Martlet.call("model_save", model, path, nil)
  end
  test(Martlet.create("model_load", path), *read_pictures(folder, "test"))
rescue RuntimeError, SystemCallError => error
  abort error.message
end
