// The yardstick of the event queue: a plain C++ binary heap under HOLD, and an indexed 4-ary heap under restarted timers, fed
// with the same integer stream as the Swift engine (Bench/Workload.swift), so that checksums must agree.
//
//   g++ -O3 -march=native -std=c++17 queue.cpp -o queue && ./queue hold 10000 2000000
//
// prints "<million events per second> <checksum>".
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <vector>

namespace {

/// SplitMix64 (Steele, Lea, Flood 2014), and exponential gaps of mean 1 s read off a table built with integers only.
class Workload {
 public:
  Workload() {
    for (uint64_t row = 0; row < 1024; ++row) table_[row] = logarithm(1024 - row);
    table_[1024] = table_[1023] + 1'000'000'000;  // the last row ends one mean further: the tail's own mean
  }

  uint64_t gap() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    const uint64_t row = z >> 54, fraction = z & 0xFFFF'FFFF;
    return table_[row] + ((table_[row + 1] - table_[row]) * fraction >> 32);
  }

 private:
  /// -ln(n / 1024) in nanoseconds: the binary digits of log2 n by repeated squaring.
  static uint64_t logarithm(uint64_t n) {
    const int whole = 63 - __builtin_clzll(n);
    uint64_t mantissa = n << (63 - whole), digits = 0;
    for (int i = 0; i < 30; ++i) {
      const unsigned __int128 square = static_cast<unsigned __int128>(mantissa) * mantissa;
      const uint64_t high = square >> 64, low = square;
      const bool carry = high >> 63;
      digits = digits << 1 | carry;
      mantissa = carry ? high : high << 1 | low >> 63;
    }
    const uint64_t log2 = (static_cast<uint64_t>(whole) << 30) + digits;
    return (((10ULL << 30) - log2) * 693'147'181) >> 30;
  }

  uint64_t state_ = 1;
  uint64_t table_[1025];
};

struct Entry {
  uint64_t time, payload;  // payload = sequence << 24 | slot
  bool operator>(const Entry& other) const { return time != other.time ? time > other.time : payload > other.payload; }
};

struct Result {
  double seconds;
  uint64_t checksum;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Result hold(uint64_t pending, uint64_t events) {
  Workload workload;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> queue;
  uint64_t sequence = 0, checksum = 0;
  for (uint64_t slot = 0; slot < pending; ++slot) queue.push({workload.gap(), sequence++ << 24 | slot});
  const auto turn = [&](uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) {
      const Entry entry = queue.top();
      queue.pop();
      const uint64_t slot = entry.payload & 0xFF'FFFF;
      checksum = checksum * 31 + (entry.time ^ slot);
      queue.push({entry.time + workload.gap(), sequence++ << 24 | slot});
    }
  };
  turn(pending);  // warm
  const double start = now();
  turn(events);
  return {now() - start, checksum};
}

/// A 4-ary heap that knows where each slot stands, so that a restart moves its entry.
class IndexedHeap {
 public:
  explicit IndexedHeap(size_t slots) : place_(slots, kNone) {}

  uint32_t top() const { return heap_[0].payload & 0xFF'FFFF; }
  uint64_t topTime() const { return heap_[0].time; }

  void set(uint32_t slot, uint64_t time) {
    const Entry entry{time, sequence_++ << 24 | slot};
    if (place_[slot] == kNone) {
      heap_.push_back(entry);
      up(heap_.size() - 1, entry);
    } else {
      const size_t at = place_[slot];
      if (heap_[at] > entry) up(at, entry); else down(at, entry);
    }
  }

  void removeTop() {
    place_[top()] = kNone;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) down(0, last);
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  void put(size_t at, const Entry& entry) {
    heap_[at] = entry;
    place_[entry.payload & 0xFF'FFFF] = at;
  }
  void up(size_t at, const Entry& entry) {
    while (at > 0 && heap_[(at - 1) / 4] > entry) {
      put(at, heap_[(at - 1) / 4]);
      at = (at - 1) / 4;
    }
    put(at, entry);
  }
  void down(size_t at, const Entry& entry) {
    for (size_t child = at * 4 + 1; child < heap_.size(); child = at * 4 + 1) {
      size_t least = child;
      for (size_t other = child + 1; other < child + 4 && other < heap_.size(); ++other)
        if (heap_[least] > heap_[other]) least = other;
      if (!(entry > heap_[least])) break;
      put(at, heap_[least]);
      at = least;
    }
    put(at, entry);
  }

  std::vector<Entry> heap_;
  std::vector<uint32_t> place_;
  uint64_t sequence_ = 0;
};

/// Every stream's event restarts its timeout of ln 10 s, which one gap in ten outlasts.
Result timers(uint64_t streams, uint64_t events) {
  constexpr uint64_t kTimeout = 2'302'585'093;
  Workload workload;
  IndexedHeap queue(2 * streams);
  uint64_t checksum = 0;
  for (uint64_t stream = 0; stream < streams; ++stream) queue.set(stream, workload.gap());
  const auto turn = [&](uint64_t n) {
    for (uint64_t done = 0; done < n;) {
      const uint32_t slot = queue.top();
      const uint64_t time = queue.topTime();
      checksum += (time ^ slot) * 0x9E3779B97F4A7C15;  // in any order: entries of one time may stand otherwise in Swift
      if (slot >= streams) {
        queue.removeTop();
      } else {
        queue.set(slot, time + workload.gap());
        queue.set(slot + streams, time + kTimeout);
        ++done;
      }
    }
  };
  turn(streams);
  const double start = now();
  turn(events);
  return {now() - start, checksum};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || (std::strcmp(argv[1], "hold") != 0 && std::strcmp(argv[1], "timers") != 0)) {
    std::fprintf(stderr, "usage: queue hold|timers PENDING EVENTS\n");
    return 64;
  }
  const uint64_t pending = std::strtoull(argv[2], nullptr, 10), events = std::strtoull(argv[3], nullptr, 10);
  const Result result = std::strcmp(argv[1], "hold") == 0 ? hold(pending, events) : timers(pending, events);
  std::printf("%.3f %016llx\n", events / result.seconds / 1e6, static_cast<unsigned long long>(result.checksum));
  return 0;
}
