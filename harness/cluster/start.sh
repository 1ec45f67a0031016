# The first process of a node's container, whatever image it runs in: formats the
# data directory once, and becomes Kafka.
#
#   sh start.sh CLUSTER_ID RELEASE ELR_LEVEL JAVA_OPTION...
#
# A directory that was formatted before is left as it is, so that a container
# that starts again goes on with its data; an emptied one is formatted anew, as
# an operator does with a new disk.
set -eu
cluster=$1 release=$2 elr=$3
shift 3

here=/kafkasim
formatted=/var/lib/kafkasim/formatted
# Named one by one in a fixed order, as Java's archive of classes wants them: an
# image of ours has that archive, and starts in half the time with it.
libraries=$(printf '%s:' /opt/kafka/libs/*.jar)
archive=/opt/kafka/classes.jsa
[ ! -e $archive ] || set -- -XX:SharedArchiveFile=$archive "$@"

if [ ! -e $formatted ]; then
	java "$@" -Dlog4j2.configurationFile=$here/log4j2.properties \
		-cp "$libraries" kafka.tools.StorageTool format --ignore-formatted \
		--cluster-id "$cluster" --config $here/server.properties \
		--release-version "$release" --feature eligible.leader.replicas.version="$elr"
	: >$formatted
fi
exec java "$@" -Djava.awt.headless=true -Dlog4j2.configurationFile=$here/log4j2.properties \
	-cp "$libraries" kafka.Kafka $here/server.properties
