// A transformer learns to write, one character after the other.
//
// Its text is three sonnets of Shakespeare, and all it is asked for is the next character at every place, given those
// before (Vaswani et al., "Attention is all you need", 2017). A causal mask lets each place see only what came before,
// so that one pass trains on all places of a text at once. To write, it is asked for a character, which is drawn and
// added to the text, and so on: keys and values of what is there already are kept, so that each step computes one
// place. On so little text it will quote: with a low temperature word by word, with a high one it makes up lines of its
// own.

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

const std::string text = R"(Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;
Nor shall death brag thou wander'st in his shade,
When in eternal lines to time thou grow'st:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.

Let me not to the marriage of true minds
Admit impediments. Love is not love
Which alters when it alteration finds,
Or bends with the remover to remove.
O no! it is an ever-fixed mark
That looks on tempests and is never shaken;
It is the star to every wand'ring bark,
Whose worth's unknown, although his height be taken.
Love's not Time's fool, though rosy lips and cheeks
Within his bending sickle's compass come;
Love alters not with his brief hours and weeks,
But bears it out even to the edge of doom.
If this be error and upon me prov'd,
I never writ, nor no man ever lov'd.

My mistress' eyes are nothing like the sun;
Coral is far more red than her lips' red;
If snow be white, why then her breasts are dun;
If hairs be wires, black wires grow on her head.
I have seen roses damask'd, red and white,
But no such roses see I in her cheeks;
And in some perfumes is there more delight
Than in the breath that from my mistress reeks.
I love to hear her speak, yet well I know
That music hath a far more pleasing sound;
I grant I never saw a goddess go;
My mistress, when she walks, treads on the ground.
And yet, by heaven, I think my love as rare
As any she belied with false compare.

)";

/// Characters as numbers, and back.
class Alphabet {
 public:
  explicit Alphabet(const std::string& of) {
    const std::set<char> each(of.begin(), of.end());
    characters_.assign(each.begin(), each.end());
  }
  std::int64_t size() const { return static_cast<std::int64_t>(characters_.size()); }
  Tensor numbers(const std::string& characters) const {
    std::vector<std::int64_t> found;
    for (const char c : characters) found.push_back(static_cast<std::int64_t>(characters_.find(c)));
    return tensor(found);
  }
  std::string characters(const Tensor& numbers) const {
    std::string found;
    for (const std::int64_t n : numbers.to_vector<std::int64_t>()) found += characters_[static_cast<std::size_t>(n)];
    return found;
  }

 private:
  std::string characters_;
};

int main() {
  seed(1);
  const Alphabet alphabet(text);
  const Tensor characters = alphabet.numbers(text);
  constexpr std::int64_t length = 64, batch = 12, steps = 1200;
  nn::LanguageModel model(
      alphabet.size(),
      {.features = 64, .heads = 2, .num_layers = 2, .dim_feedforward = 128, .longest = length, .dropout = 0});
  std::printf("%lld characters, %lld kinds of them; %lld parameters\n", static_cast<long long>(characters.numel()),
              static_cast<long long>(alphabet.size()), static_cast<long long>([&] {
                std::int64_t count = 0;
                for (const Parameter& parameter : model.parameters()) count += parameter.numel();
                return count;
              }()));

  optim::Optimizer optimizer(model.parameters(), optim::adamw(optim::cosine_decay(5e-3, steps)));
  Rng rng(2);
  const Tensor place = unsqueeze(arange(length), 0);
  for (int step = 0; step <= steps; ++step) {
    // Pieces from anywhere; what is asked for at each place is the character after it.
    const Tensor start = unsqueeze(randint({batch}, rng, 0, characters.numel() - length), 1) + place;
    const Tensor loss = nn::cross_entropy(model(take(characters, start)), take(characters, start + 1), {.axis = -1});
    if (step % 200 == 0) std::printf("step %3d  loss %.2f per character\n", step, loss.item());
    if (step < steps) optimizer.step(grad(loss, model.parameters()));
  }

  model.eval();
  const NoGrad untracked;
  for (const double temperature : {0.0, 0.7}) {
    const std::string prompt = "My mistress";
    Rng draws(3);
    const Tensor written = model.generate(alphabet.numbers(prompt), length - 11, {.temperature = temperature}, draws);
    const std::string found = alphabet.characters(written);
    const bool quoted = text.find(found) != std::string::npos;
    std::string line;  // with strokes between verses
    for (const char c : found) line += c == '\n' ? std::string(" / ") : std::string(1, c);
    std::printf("\n--- temperature %.1f (%s)\n%s\n", temperature, quoted ? "a quotation" : "its own", line.c_str());
  }
}
