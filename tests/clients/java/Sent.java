import io.opentelemetry.sdk.common.CompletableResultCode;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** What is handed to exporters, and how often they failed to bring it home. */
final class Sent {
  private final List<Map<String, Object>> facts = new ArrayList<>();
  private final AtomicInteger failures = new AtomicInteger();

  synchronized List<Map<String, Object>> facts() {
    return List.copyOf(facts);
  }

  int failures() {
    return failures.get();
  }

  private synchronized void note(List<Map<String, Object>> more) {
    facts.addAll(more);
  }

  private CompletableResultCode watched(CompletableResultCode result) {
    return result.whenComplete(() -> {
      if (result.isSuccess()) return;
      failures.incrementAndGet();
      System.err.println(result.getFailureThrowable());
    });
  }

  /** An exporter of the SDK's that writes down what it is handed and leaves everything to the one in it. */
  <E, T> E recording(Class<E> type, E inner, Function<T, Map<String, Object>> factsOf) {
    Object made = Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
      if (!method.getName().equals("export")) return method.invoke(inner, arguments);
      @SuppressWarnings("unchecked")
      Collection<T> batch = (Collection<T>) arguments[0];
      note(Facts.list(batch, factsOf)); // Before the export: the SDK takes the memory of metrics again.
      return watched((CompletableResultCode) method.invoke(inner, arguments));
    });
    return type.cast(made);
  }
}
