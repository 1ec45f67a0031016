#!/usr/bin/env bash
# Builds kafkasim/kafka:VERSION, an image to run real Kafka from, where no
# registry has one: a small Debian, a Java runtime with only the modules that
# Kafka needs, and Kafka with its libraries as published to Maven.
#
#   harness/image/build.sh [VERSION]        (default 4.3.1)
#
# Needs root, Debian, and a container engine; what else it needs it installs.
# Does nothing where the image is there and was built from the same recipe.
set -euo pipefail

kafka=${1:-4.3.1}
log4j=2.25.4 # what Kafka 4.3.1 is released with; 4.0 names none
image=kafkasim/kafka:$kafka

fail() {
	echo "kafka-image: $*" >&2
	exit 1
}

[[ $kafka =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "'$kafka' is not a Kafka version such as 4.3.1"
[[ -r /etc/debian_version ]] || fail "this recipe needs a Debian machine; elsewhere use --image apache/kafka:$kafka"
command -v docker >/dev/null || fail "there is no docker command; install Debian's docker.io, say"
docker version >/dev/null 2>&1 || fail "no container engine answers; start one (systemctl start docker, say)"

# The base is this machine's own release, so that the Java runtime that is cut
# out of this machine's JDK finds the C library that it was linked with.
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
case $suite in
bookworm) java=17 ;;
*) java=21 ;;
esac
jdk=/usr/lib/jvm/java-$java-openjdk-$(dpkg --print-architecture)

recipe=$(cat "$0" <(echo "$kafka $suite $java") | sha256sum | cut -c 1-16)
if [[ $(docker image inspect -f '{{index .Config.Labels "kafkasim.recipe"}}' "$image" 2>/dev/null) == "$recipe" ]]; then
	echo "kafka-image: $image is there already" >&2
	exit 0
fi

[[ $(id -u) == 0 ]] || fail "debootstrap needs root; run this as root"
missing=()
command -v debootstrap >/dev/null || missing+=(debootstrap)
command -v mvn >/dev/null || missing+=(maven)
[[ -x $jdk/bin/jlink && -d $jdk/jmods ]] || missing+=("openjdk-$java-jdk-headless")
if ((${#missing[@]})); then
	echo "kafka-image: installing ${missing[*]}" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# Maven may take its time; the base needs the same network, not the same cores.
libraries() {
	cat >"$work/pom.xml" <<-POM
		<project>
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>kafkasim</groupId><artifactId>kafka</artifactId><version>1</version>
		  <dependencies>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$kafka</version></dependency>
		    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>$log4j</version></dependency>
		    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>$log4j</version></dependency>
		    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-api</artifactId><version>$log4j</version></dependency>
		  </dependencies>
		</project>
	POM
	JAVA_HOME=$jdk mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$work/libs" >"$work/maven.log" 2>&1
}
libraries &
maven=$!

debootstrap --variant=minbase --include=iproute2,iptables "$suite" "$root" >"$work/debootstrap.log" 2>&1 || {
	tail -n 20 "$work/debootstrap.log" >&2
	fail "debootstrap failed; its last lines are above"
}
wait "$maven" || {
	tail -n 20 "$work/maven.log" >&2
	fail "maven could not get org.apache.kafka:kafka_2.13:$kafka; its last lines are above"
}

"$jdk/bin/jlink" --output "$root/opt/java" --strip-debug --no-man-pages --no-header-files --compress=0 \
	--add-modules java.base,java.desktop,java.logging,java.management,java.naming,java.security.jgss,java.security.sasl,java.sql,java.xml,jdk.crypto.ec,jdk.jcmd,jdk.management,jdk.unsupported,jdk.zipfs
"$root/opt/java/bin/java" -Xshare:dump >/dev/null
mkdir -p "$root/opt/kafka"
cp -r "$work/libs" "$root/opt/kafka/libs"

# Nothing is ever installed in the image: what only serves that stays out, and
# so do the words for people.
rm -rf "$root"/usr/share/{doc,man,info,locale,lintian,bash-completion,bug} \
	"$root"/var/cache/* "$root"/var/lib/apt/* "$root"/var/lib/dpkg/info "$root"/var/log/* "$root"/tmp/* \
	"$root"/usr/bin/perl* "$root"/usr/lib/*/perl-base "$root"/usr/share/perl* \
	"$root"/usr/bin/apt* "$root"/usr/lib/apt "$root"/usr/lib/*/libapt-*

# Java keeps the classes of a first run in an archive, which halves the work of
# every later start: on a small machine that is what a start takes.
cat >"$root/opt/kafka/first-run.sh" <<'FIRST'
set -eu
jars=$(printf '%s:' /opt/kafka/libs/*.jar)
cd /tmp
cat >first.properties <<'PROPERTIES'
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=CLIENTS://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
advertised.listeners=CLIENTS://127.0.0.1:9092
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=/tmp/first
PROPERTIES
java -cp "$jars" kafka.tools.StorageTool format --cluster-id kafkasimkafkasimkafkag --config first.properties >format.log 2>&1
java -XX:ArchiveClassesAtExit=/opt/kafka/classes.jsa -cp "$jars" kafka.Kafka first.properties >kafka.log 2>&1 &
for _ in $(seq 120); do
	sleep 0.5
	! grep -q 'Kafka Server started' kafka.log || break
done
kill $!
wait $! || true
[ -s /opt/kafka/classes.jsa ] || { tail -n 20 format.log kafka.log >&2; exit 1; }
rm -rf /tmp/* /opt/kafka/first-run.sh
FIRST

old=$(docker image inspect -f '{{.Id}}' "$image" 2>/dev/null || true)
raw=$(tar -C "$root" -c . | docker import \
	--change 'ENV PATH=/opt/java/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	--change 'WORKDIR /opt/kafka' \
	--change "LABEL kafkasim.recipe=$recipe kafkasim.kafka=$kafka" \
	--message "Kafka $kafka, Java $java, Debian $suite" -)
first=$(docker create --network none "$raw" sh /opt/kafka/first-run.sh)
trap 'docker rm -f "$first" >/dev/null 2>&1; rm -rf "$work"' EXIT
docker start -a "$first" || fail "Kafka $kafka does not start in the new image; its last lines are above"
docker commit --change 'CMD []' "$first" "$image" >/dev/null
[[ -z $old ]] || docker rmi "$old" >/dev/null 2>&1 || true # nobody may use it still
echo "kafka-image: built $image ($(docker image inspect -f '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}'))" >&2
