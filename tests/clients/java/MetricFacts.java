import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.DoubleExemplarData;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.ExemplarData;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramBuckets;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramPointData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongExemplarData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.PointData;
import io.opentelemetry.sdk.metrics.data.SumData;
import java.util.Map;

/** Metrics that the SDK hands to its exporter, as facts: ../README.md. */
final class MetricFacts {
  private MetricFacts() {}

  private static Map<String, Object> exemplar(ExemplarData of) {
    Map<String, Object> value = of instanceof LongExemplarData whole
        ? Facts.whole(whole.getValue()) : Facts.real(((DoubleExemplarData) of).getValue());
    return Facts.joined(Facts.ids(of.getSpanContext()), Facts.facts("value", value,
        "time", Long.toString(of.getEpochNanos()), "attributes", Facts.attributes(of.getFilteredAttributes())));
  }

  private static Map<String, Object> point(PointData of) {
    return Facts.facts("attributes", Facts.attributes(of.getAttributes()),
        "start", Long.toString(of.getStartEpochNanos()), "time", Long.toString(of.getEpochNanos()),
        "exemplars", Facts.list(of.getExemplars(), MetricFacts::exemplar));
  }

  private static Map<String, Object> number(PointData of) {
    return Facts.joined(point(of), Facts.facts("value", of instanceof LongPointData whole
        ? Facts.whole(whole.getValue()) : Facts.real(((DoublePointData) of).getValue())));
  }

  private static Map<String, Object> histogram(HistogramPointData of) {
    return Facts.joined(point(of), Facts.facts("count", Long.toString(of.getCount()), "sum", of.getSum(),
        "min", of.hasMin() ? of.getMin() : null, "max", of.hasMax() ? of.getMax() : null,
        "buckets", Facts.list(of.getCounts(), Object::toString), "bounds", of.getBoundaries()));
  }

  private static Map<String, Object> buckets(ExponentialHistogramBuckets of) {
    return Facts.facts("offset", of.getOffset(), "buckets", Facts.list(of.getBucketCounts(), Object::toString));
  }

  private static Map<String, Object> exponential(ExponentialHistogramPointData of) {
    return Facts.joined(point(of), Facts.facts("count", Long.toString(of.getCount()), "sum", of.getSum(),
        "min", of.hasMin() ? of.getMin() : null, "max", of.hasMax() ? of.getMax() : null, "scale", of.getScale(),
        "zero_count", Long.toString(of.getZeroCount()), "positive", buckets(of.getPositiveBuckets()),
        "negative", buckets(of.getNegativeBuckets())));
  }

  private static int temporality(AggregationTemporality of) {
    return of == AggregationTemporality.DELTA ? 1 : 2;
  }

  private static Map<String, Object> sum(SumData<?> of) {
    return Facts.facts("kind", "sum", "temporality", temporality(of.getAggregationTemporality()),
        "monotonic", of.isMonotonic(), "points", Facts.list(of.getPoints(), MetricFacts::number));
  }

  private static Map<String, Object> data(MetricData of) {
    return switch (of.getType()) {
      case LONG_GAUGE, DOUBLE_GAUGE ->
          Facts.facts("kind", "gauge", "points", Facts.list(of.getData().getPoints(), MetricFacts::number));
      case LONG_SUM -> sum(of.getLongSumData());
      case DOUBLE_SUM -> sum(of.getDoubleSumData());
      case HISTOGRAM -> Facts.facts("kind", "histogram",
          "temporality", temporality(of.getHistogramData().getAggregationTemporality()),
          "points", Facts.list(of.getHistogramData().getPoints(), MetricFacts::histogram));
      case EXPONENTIAL_HISTOGRAM -> Facts.facts("kind", "exponential",
          "temporality", temporality(of.getExponentialHistogramData().getAggregationTemporality()),
          "points", Facts.list(of.getExponentialHistogramData().getPoints(), MetricFacts::exponential));
      case SUMMARY -> throw new IllegalArgumentException("the SDK makes no summaries");
    };
  }

  static Map<String, Object> metric(MetricData of) {
    return Facts.joined(Facts.joined(Facts.around(of.getResource(), of.getInstrumentationScopeInfo()), data(of)),
        Facts.facts("signal", "metric", "name", of.getName(), "description", of.getDescription(),
            "unit", of.getUnit()));
  }
}
