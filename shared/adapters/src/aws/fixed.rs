//! The endpoint of DynamoDB, known before the first call.
//!
//! The SDK's own resolver evaluates its rules for each call, which is 4 % of the instructions of a warm request. They matter only for
//! partitions with other domains, and for endpoints of an account, a FIPS module or IPv6.

use aws_sdk_dynamodb::config::{
    Region,
    endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint},
};

/// Resolves every call to one endpoint.
#[derive(Clone, Debug)]
pub(super) struct FixedEndpoint(Endpoint);

impl FixedEndpoint {
    /// Returns the endpoint at `url`; without a URL, that of a commercial `region` outside China, and `None` for any other region.
    pub(super) fn new(url: Option<&str>, region: Option<&Region>) -> Option<Self> {
        let url = url.map(str::to_owned).or_else(|| regional(region?.as_ref()))?;
        Some(Self(Endpoint::builder().url(url).build()))
    }
}

impl ResolveEndpoint for FixedEndpoint {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(self.0.clone()))
    }
}

/// The areas of the partition `aws`. Its regions have three parts: `us-east-1`, unlike `us-gov-east-1`.
const AREAS: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];

fn regional(region: &str) -> Option<String> {
    let parts: Vec<&str> = region.split('-').collect();
    let [area, place, number] = parts[..] else { return None };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_commercial = AREAS.contains(&area) && is_word(place) && is_number(number);
    is_commercial.then(|| format!("https://dynamodb.{region}.amazonaws.com"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::endpoint::DefaultResolver;

    use super::*;

    fn of_the_sdk(region: &str, url: Option<&str>) -> Endpoint {
        let mut params = Params::builder().region(region);
        if let Some(url) = url {
            params = params.endpoint(url);
        }
        let params = params.build().expect("parameters");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let resolver: &dyn ResolveEndpoint = &DefaultResolver::new();
        runtime.block_on(resolver.resolve_endpoint(&params)).expect("an endpoint")
    }

    #[test]
    fn the_endpoint_of_a_region_is_the_sdks() {
        for region in ["us-east-1", "eu-central-1", "ap-southeast-7", "mx-central-1", "il-central-1"] {
            let own = FixedEndpoint::new(None, Some(&Region::new(region))).expect("an endpoint");
            assert_eq!(own.0, of_the_sdk(region, None), "{region}");
        }
    }

    #[test]
    fn a_url_replaces_the_region() {
        for url in ["http://127.0.0.1:4566", "https://db.example/"] {
            let own = FixedEndpoint::new(Some(url), Some(&Region::new("eu-central-1"))).expect("an endpoint");
            assert_eq!(own.0, of_the_sdk("eu-central-1", Some(url)));
        }
    }

    #[test]
    fn other_partitions_are_left_to_the_sdk() {
        for region in [
            "us-gov-west-1",
            "cn-north-1",
            "us-iso-east-1",
            "eusc-de-east-1",
            "local",
            "",
            "eu--1",
            "us-east-+1",
        ] {
            assert!(FixedEndpoint::new(None, Some(&Region::new(region))).is_none(), "{region}");
        }
        assert!(FixedEndpoint::new(None, None).is_none());
    }
}
