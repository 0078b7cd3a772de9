//! The connection: to one server or to a cluster, shared by all callers, which the driver pipelines. It comes back by itself.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{Client, Cmd, FromRedisValue, RedisError, RedisResult, Value};

use super::settings::Settings;
use crate::flight::DEADLINE;

const CONNECTING: Duration = Duration::from_secs(1);
/// How many commands wait for the socket before callers do.
const QUEUE: usize = 1024;

/// A connection; a copy shares it.
#[derive(Clone)]
pub(super) enum Link {
    One(ConnectionManager),
    Many(ClusterConnection),
}

/// A server that holds records of its own: the only one, or a master of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Only,
    At { host: String, port: u16 },
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// When nobody answers, or the URL is none.
    pub(super) async fn open(settings: &Settings) -> RedisResult<Link> {
        if settings.certificates.is_some() {
            // The driver asks the process for its cryptography; whoever set it first is right.
            drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        }
        let opening = async { if settings.cluster { Link::many(settings).await } else { Link::one(settings).await } };
        in_time(opening).await
    }

    async fn one(settings: &Settings) -> RedisResult<Link> {
        let url = settings.nodes.first().map_or("", String::as_str);
        let client = match &settings.certificates {
            Some(certificates) => Client::build_with_tls(url, certificates.clone())?,
            None => Client::open(url)?,
        };
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(DEADLINE))
            .set_number_of_retries(1)
            .set_pipeline_buffer_size(QUEUE);
        Ok(Link::One(ConnectionManager::new_with_config(client, config).await?))
    }

    async fn many(settings: &Settings) -> RedisResult<Link> {
        let mut client = ClusterClient::builder(settings.nodes.iter().map(String::as_str))
            .connection_timeout(CONNECTING)
            .response_timeout(DEADLINE)
            .retries(3);
        if let Some(certificates) = &settings.certificates {
            client = client.certs(certificates.clone());
        }
        Ok(Link::Many(client.build()?.get_async_connection().await?))
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Link::Many(_))
    }

    /// Asks the server that the command's keys lie on.
    ///
    /// # Errors
    /// What the server says, or that it says nothing in time. Then it may still do what it was told.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match self.clone() {
            Link::One(mut connection) => in_time(command.query_async(&mut connection)).await,
            Link::Many(mut connection) => in_time(command.query_async(&mut connection)).await,
        }
    }

    /// Asks one server, whatever its keys.
    ///
    /// # Errors
    /// What the server says, or that it says nothing in time.
    pub(super) async fn ask_at<T: FromRedisValue>(&self, node: &Node, command: &Cmd) -> RedisResult<T> {
        match (self.clone(), node) {
            (Link::Many(mut connection), Node::At { host, port }) => {
                let routing = RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port });
                let value = in_time(connection.route_command(command.clone(), routing)).await?;
                Ok(T::from_redis_value(value.extract_error()?)?)
            }
            _ => self.ask(command).await,
        }
    }

    /// Whether every server answers.
    ///
    /// # Errors
    /// What a server says, or that it says nothing in time.
    pub(super) async fn check(&self) -> RedisResult<()> {
        if self.is_cluster() { self.nodes().await.map(drop) } else { self.ask::<String>(&redis::cmd("PING")).await.map(drop) }
    }

    /// Every server that holds records of its own.
    ///
    /// # Errors
    /// What a server says, or that it says nothing in time.
    pub(super) async fn nodes(&self) -> RedisResult<Vec<Node>> {
        let Link::Many(mut connection) = self.clone() else { return Ok(vec![Node::Only]) };
        let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let answers: Value = in_time(connection.route_command(redis::cmd("PING"), everywhere)).await?;
        let answers: HashMap<String, Value> = HashMap::from_redis_value(answers)?;
        let mut nodes: Vec<Node> = answers.into_keys().filter_map(|address| Node::parse(&address)).collect();
        nodes.sort_by_cached_key(|node| format!("{node:?}"));
        Ok(nodes)
    }
}

impl Node {
    fn parse(address: &str) -> Option<Node> {
        let (host, port) = address.rsplit_once(':')?;
        Some(Node::At { host: host.to_owned(), port: port.parse().ok()? })
    }
}

async fn in_time<T>(asking: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    tokio::time::timeout(DEADLINE, asking)
        .await
        .unwrap_or_else(|_| Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))))
}
