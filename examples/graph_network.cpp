// A graph network learns who is on whose side from two labels and a list of friendships.
//
// The 34 members of a karate club fell out and founded two clubs; Zachary wrote down who was friends with whom before
// ("An information flow model for conflict and fission in small groups", 1977). A graph convolution (Kipf and Welling,
// "Semi-supervised classification with graph convolutional networks", 2017) replaces each member's features by a mean
// over friends and self, weighted by 1 / sqrt(d_i d_j) with the numbers d of friends, and multiplies that by a matrix:
//     h'_i = sum over friends j of h_j / sqrt(d_i d_j) W.
// On a list of edges that is a gather (what each edge carries) and a scatter (what arrives at each member), and both
// have their derivatives: each is that of the other.

#include <cstdio>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

constexpr std::int64_t members = 34;
// For each member, friends with a larger number.
const std::vector<std::vector<std::int64_t>> friends = {{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31},
                                                        {2, 3, 7, 13, 17, 19, 21, 30},
                                                        {3, 7, 8, 9, 13, 27, 28, 32},
                                                        {7, 12, 13},
                                                        {6, 10},
                                                        {6, 10, 16},
                                                        {16},
                                                        {},
                                                        {30, 32, 33},
                                                        {33},
                                                        {},
                                                        {},
                                                        {},
                                                        {33},
                                                        {32, 33},
                                                        {32, 33},
                                                        {},
                                                        {},
                                                        {32, 33},
                                                        {33},
                                                        {32, 33},
                                                        {},
                                                        {32, 33},
                                                        {25, 27, 29, 32, 33},
                                                        {25, 27, 31},
                                                        {31},
                                                        {29, 33},
                                                        {33},
                                                        {31, 33},
                                                        {32, 33},
                                                        {32, 33},
                                                        {32, 33},
                                                        {33}};
// Who went with the instructor (member 0) in the end; the others went with the officer (member 33).
const std::vector<std::int64_t> with_instructor = {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21};

struct Graph {
  Tensor from, to;  // an edge each: both ways, and from each member to itself
  Tensor weight;    // 1 / sqrt(d_from d_to), [edges, 1]

  Graph() {
    std::vector<std::int64_t> a, b;
    for (std::int64_t i = 0; i < members; ++i) {
      a.push_back(i);
      b.push_back(i);
      if (i + 1 == members) break;
      for (const std::int64_t j : friends[static_cast<std::size_t>(i)]) {
        a.insert(a.end(), {i, j});
        b.insert(b.end(), {j, i});
      }
    }
    from = tensor(a);
    to = tensor(b);
    const Tensor degree = scatter_add(zeros({members}), 0, to, ones(to.shape()));
    weight = unsqueeze(rsqrt(take(degree, from) * take(degree, to)), 1);
  }
};

struct GraphConvolution : nn::Module {
  nn::Linear linear;
  GraphConvolution(std::int64_t inputs, std::int64_t outputs) : linear(inputs, outputs) {}
  Tensor operator()(const Graph& graph, const Tensor& x) const {
    const Tensor carried = take(linear(x), graph.from, 0) * graph.weight;  // [edges, outputs]
    const Tensor place = broadcast_to(unsqueeze(graph.to, 1), carried.shape());
    return scatter_add(zeros({members, carried.size(1)}), 0, place, carried);
  }
  void visit(nn::Visitor& visitor) override { visitor("linear", linear); }
};

struct Network : nn::Module {
  GraphConvolution first{members, 8}, second{8, 2};
  Tensor operator()(const Graph& graph) const { return second(graph, tanh(first(graph, eye(members)))); }
  void visit(nn::Visitor& visitor) override {
    visitor("first", first);
    visitor("second", second);
  }
};

int main() {
  seed(1);
  const Graph graph;
  std::vector<std::int64_t> truth(members, 1);
  for (const std::int64_t member : with_instructor) truth[static_cast<std::size_t>(member)] = 0;
  std::printf("%lld members, %lld friendships; the sides of members 0 and 33 are known\n",
              static_cast<long long>(members), static_cast<long long>((graph.from.numel() - members) / 2));

  Network network;
  optim::Optimizer optimizer(network.parameters(), optim::adam(0.01));
  const Tensor known = tensor({0, 33}), labels = tensor({0, 1});
  for (int step = 0; step <= 200; ++step) {
    const Tensor logits = network(graph);
    const Tensor loss = nn::cross_entropy(take(logits, known, 0), labels);
    if (step % 50 == 0)
      std::printf("step %3d  loss of the two %.2f  right of all %lld\n", step, loss.item(),
                  static_cast<long long>(sum(argmax(logits) == tensor(truth)).item()));
    optimizer.step(grad(loss, network.parameters()));
  }

  // How sure the network is of each, from the instructor's side to the officer's.
  const NoGrad untracked;
  const Tensor sure = softmax(network(graph))(all, 1), order = argsort(sure);
  std::printf("\nmember:  the officer's side, in percent, from 0 to 100\n");
  for (const std::int64_t member : order.to_vector<std::int64_t>()) {
    const double p = sure(member).item();
    std::string bar(static_cast<std::size_t>(50 * p + 0.5), truth[static_cast<std::size_t>(member)] == 0 ? 'i' : 'O');
    std::printf("%6lld:  %s\n", static_cast<long long>(member), bar.c_str());
  }
}
