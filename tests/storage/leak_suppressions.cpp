// RocksDB 7.8.3 forgets the memtable that it had made for a log which it then cannot begin: a write
// that the faulty disk fails at that moment leaks a few kilobytes. Asked for by LeakSanitizer; of
// no effect elsewhere.
extern "C" const char* __lsan_default_suppressions() { // NOLINT: the sanitizer's name for it
  return "leak:rocksdb::DBImpl::SwitchMemtable\n";
}
