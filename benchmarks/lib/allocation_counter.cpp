// Preloaded into a program, counts its allocations in the first 8 bytes of the file that
// WEIR_ALLOCATION_COUNT names, where another process can read them at any time.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace {

std::atomic<std::uint64_t> unread{0};
std::atomic<std::uint64_t>* counter = &unread;

__attribute__((constructor)) void map_counter() {
  const char* const path = std::getenv("WEIR_ALLOCATION_COUNT");
  const int fd = path != nullptr ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0)
    return;
  void* const page = mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED)
    counter = static_cast<std::atomic<std::uint64_t>*>(page);
}

void count() {
  counter->fetch_add(1, std::memory_order_relaxed);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void* counted_new(std::size_t size) {
  if (void* const memory = std::malloc(size))
    return memory;
  throw std::bad_alloc();
}

void* counted_new(std::size_t size, std::align_val_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, static_cast<std::size_t>(alignment), size) == 0)
    return memory;
  throw std::bad_alloc();
}

// dlsym() asks for memory before the real calloc is known.
alignas(16) char early[8192];
std::size_t early_used = 0;

bool is_early(const void* memory) {
  return memory >= early && memory < early + sizeof early;
}

} // namespace

extern "C" {

void* malloc(std::size_t size) {
  static const auto real = next<void* (*)(std::size_t)>("malloc");
  count();
  return real(size);
}

void* calloc(std::size_t number, std::size_t size) {
  static void* (*real)(std::size_t, std::size_t) = nullptr;
  static bool asking = false;
  if (real == nullptr) {
    if (asking) {
      void* const memory = early + early_used;
      early_used += (number * size + 15) / 16 * 16;
      return early_used <= sizeof early ? memory : nullptr;
    }
    asking = true;
    real = next<void* (*)(std::size_t, std::size_t)>("calloc");
  }
  count();
  return real(number, size);
}

void* realloc(void* memory, std::size_t size) {
  static const auto real = next<void* (*)(void*, std::size_t)>("realloc");
  count();
  return real(memory, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  static const auto real = next<int (*)(void**, std::size_t, std::size_t)>("posix_memalign");
  count();
  return real(memory, alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  static const auto real = next<void* (*)(std::size_t, std::size_t)>("aligned_alloc");
  count();
  return real(alignment, size);
}

void free(void* memory) {
  static const auto real = next<void (*)(void*)>("free");
  if (!is_early(memory))
    real(memory);
}
}

void* operator new(std::size_t size) {
  return counted_new(size);
}
void* operator new[](std::size_t size) {
  return counted_new(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted_new(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted_new(size, alignment);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
