#include "app/config/collector_types.hpp"

#include <algorithm>
#include <string>

// The component types of the Collector's distributions, core and contrib, up to v0.161, and those
// that files still name though they are gone. Facts: the builder manifests of the releases.
namespace weir::app {

namespace {

// Each list is one text, so that a name costs its letters alone; spelled without underscores.

constexpr std::string_view receivers =
    " activedirectoryds aerospike apache apachespark awscloudwatch awscontainerinsight"
    " awscontainerinsightreceiver awsecscontainermetrics awsfirehose awss3 awsxray azureblob"
    " azureeventhub azuremonitor bigip carbon chrony ciscoos cloudflare cloudfoundry collectd "
    "couchdb"
    " datadog dockerstats dotnetdiagnostics elasticsearch envoyals expvar faro filelog filestats"
    " flinkmetrics fluentforward github gitprovider googlecloudmonitoring googlecloudpubsub"
    " googlecloudspanner haproxy hostmetrics httpcheck icmpcheck iis influxdb jaeger jmx journald"
    " k8scluster k8sevents k8sobjects kafka kafkametrics kubeletstats libhoney loki memcached "
    "mongodb"
    " mongodbatlas mysql namedpipe netflow nginx nop nsxt ntp opencensus oracledb otelarrow"
    " otlpjsonfile podmanstats postgresql pprof prometheus prometheusexec prometheusremotewrite"
    " prometheussimple pulsar purefa purefb rabbitmq receivercreator redis riak sapm saphana"
    " signalfx simpleprometheus skywalking snmp snowflake solace splunkenterprise splunkhec "
    "sqlquery"
    " sqlserver sshcheck statsd stef syslog systemd tcpcheck tcplog tlscheck udplog vcenter vcr"
    " wavefront webhookevent windowseventlog windowsperfcounters windowsservice yanggrpc zipkin"
    " zookeeper ";

constexpr std::string_view processors =
    " coralogix cumulativetodelta datadogsemantics deltatocumulative deltatorate dnslookup drain"
    " ecsattributes experimentalmetricsgeneration geoip groupbyattrs groupbytrace interval"
    " isolationforest k8sattributes k8stagger logdedup logstransform lookup metricsgeneration"
    " metricstarttime metricstransform queuedretry remotetap resourcedetection routing schema"
    " schemaprocessor servicegraph spanmetrics sumologic unroll ";

constexpr std::string_view exporters =
    " alibabacloudlogservice awscloudwatchlogs awsemf awskinesis awss3 awsxray azureblob"
    " azuredataexplorer azuremonitor bmchelix carbon cassandra clickhouse coralogix datadog dataset"
    " doris dynatrace elasticsearch f5cloud faro googlecloud googlecloudpubsub googlecloudstorage"
    " googlemanagedprometheus honeycombmarker humio influxdb instana jaeger jaegerthrifthttp kafka"
    " loadbalancing logicmonitor logzio loki mezmo opencensus opensearch otelarrow parquet "
    "prometheus"
    " prometheusremotewrite pulsar rabbitmq sapm sentry signalfx skywalking splunkhec stackdriver"
    " stef sumologic syslog tanzuobservability tencentcloudlogservice tinybird zipkin ";

constexpr std::string_view connectors =
    " count datadog elasticapm exceptions failover grafanacloud metricsaslogs otlpjson roundrobin"
    " servicegraph signaltometrics signozmeter slowsql spanmetrics sum ";

constexpr std::string_view extensions =
    " ack asapclient avrologencoding awscloudwatchmetricstreamsencoding awslogsencoding awsproxy"
    " azureauth azureencoding cfgardenobserver cgroupruntime datadog dbstorage dockerobserver"
    " ecsobserver ecstaskobserver googleclientauth googlecloudlogentryencoding hostobserver"
    " httpforwarder jaegerencoding jaegerremotesampling jsonlogencoding k8sleaderelector "
    "k8sobserver"
    " kafkatopicsobserver memorylimiter oauth2client observer oidc opamp otlpencoding redisstorage"
    " remotetap sigv4auth skywalkingencoding sumologic textencoding zipkinencoding ";

} // namespace

bool collector_has(std::string_view section, std::string_view type) {
  const auto all = section == "receivers"    ? receivers
                   : section == "processors" ? processors
                   : section == "exporters"  ? exporters
                   : section == "connectors" ? connectors
                                             : extensions;
  std::string name = " ";
  std::copy_if(type.begin(), type.end(), std::back_inserter(name), [](char c) { return c != '_'; });
  name += ' ';
  return name.size() > 2 && name.find(' ', 1) == name.size() - 1 && all.find(name) != all.npos;
}

} // namespace weir::app
