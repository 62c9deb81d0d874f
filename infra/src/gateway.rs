//! The resources that connect a function to the HTTP API. They are explicit: a SAM event accepts only an API of its own template, and an
//! API that is defined by a body removes the routes of every other stack when it is updated.

use door::route::{DEFAULT, Need, Spec};
use http::Method;
use serde_json::{Map, Value, json};

use crate::{
    function::{Function, Trigger, logical_id},
    stack::Stack,
    tags::tags_by_name,
};

/// A line of the access log. It contains no query, header or body.
const LOG_LINE: &str = r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","time":"$context.requestTimeEpoch","route":"$context.routeKey","path":"$context.path","status":"$context.status","bytes":"$context.responseLength","latency":"$context.responseLatency","error":"$context.integrationErrorMessage"}"#;

/// The default throttle of a route. It bounds the cost of a flood of requests; the CDN applies limits per client.
const THROTTLE: (u32, u32) = (500, 200);
/// The throttle of a route that changes data.
const WRITE_THROTTLE: (u32, u32) = (100, 50);
/// The throttle of a route that needs a whole processor for each request.
const HEAVY_THROTTLE: (u32, u32) = (40, 20);

/// Returns the stage of the API, whose settings name the routes of `functions` that have another throttle than the default.
pub(crate) fn stage(functions: &[&Function]) -> (String, Value) {
    let throttle =
        |(burst, rate): (u32, u32)| json!({"ThrottlingBurstLimit": burst, "ThrottlingRateLimit": rate});
    let specs = functions.iter().filter_map(|function| match function.trigger {
        Trigger::Request(spec) => Some(spec),
        Trigger::Job(_) => None,
    });
    let special: Vec<_> = specs.filter_map(|spec| Some((spec, own_throttle(spec)?))).collect();
    let settings: Map<String, Value> =
        special.iter().map(|(spec, own)| (key(spec), throttle(*own))).collect();
    // A setting requires its route.
    let routes: Vec<_> = special.iter().map(|(spec, _)| format!("{}Route", logical_id(spec.name))).collect();
    let stage = json!({
        "Type": "AWS::ApiGatewayV2::Stage",
        "DependsOn": routes,
        "Properties": {
            "ApiId": {"Ref": "HttpApi"},
            "StageName": "$default",
            "AutoDeploy": true,
            "DefaultRouteSettings": throttle(THROTTLE),
            "RouteSettings": settings,
            "AccessLogSettings": {"DestinationArn": {"Fn::GetAtt": "HttpApiLogs.Arn"}, "Format": LOG_LINE},
            "Tags": tags_by_name(),
        },
    });
    ("HttpApiStage".to_owned(), stage)
}

fn own_throttle(spec: &Spec) -> Option<(u32, u32)> {
    if spec.needs(Need::WholeProcessor) {
        Some(HEAVY_THROTTLE)
    } else {
        (spec.method != Method::GET).then_some(WRITE_THROTTLE)
    }
}

/// Returns the permission, the integration and the routes of the function of `spec`, by logical id.
pub(crate) fn of(spec: &Spec, stack: Stack) -> Vec<(String, Value)> {
    let id = logical_id(spec.name);
    let mut resources = vec![
        (format!("{id}Permission"), permission(spec, stack)),
        (format!("{id}Integration"), integration(&id, stack)),
    ];
    resources.push((format!("{id}Route"), route(&id, &key(spec), stack)));
    if has_head(spec) {
        resources.push((format!("{id}HeadRoute"), route(&id, &format!("HEAD {}", spec.path), stack)));
    }
    resources
}

/// The HTTP API does not match HEAD with a route of GET, so HEAD has a route of its own.
fn has_head(spec: &Spec) -> bool {
    spec.method == Method::GET && spec.path != DEFAULT
}

/// Returns the key of the route in the HTTP API.
pub(crate) fn key(spec: &Spec) -> String {
    if spec.path == DEFAULT { DEFAULT.to_owned() } else { format!("{} {}", spec.method, spec.path) }
}

/// The API may invoke the alias for requests to this path alone.
fn permission(spec: &Spec, stack: Stack) -> Value {
    let id = logical_id(spec.name);
    let path: String = spec
        .path
        .split('/')
        .map(|part| if part.starts_with('{') { "*" } else { part })
        .collect::<Vec<_>>()
        .join("/");
    let path = if spec.path == DEFAULT { format!("/{DEFAULT}") } else { path };
    let source = format!(
        "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{}}}/*/*{path}",
        stack.api()
    );
    let source = if spec.path == DEFAULT { source.replace("/*/*/", "/*/") } else { source };
    json!({
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": format!("{id}Function.Alias")},
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": source},
        },
    })
}

fn integration(id: &str, stack: Stack) -> Value {
    // The alias in words: `sam local` resolves no reference to it.
    let alias = format!(
        "arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:${{{id}Function}}:live"
    );
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/{alias}/invocations"
    );
    json!({
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": {"Ref": stack.api()},
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": {"Fn::Sub": uri},
            "PayloadFormatVersion": "2.0",
        },
    })
}

fn route(id: &str, key: &str, stack: Stack) -> Value {
    json!({
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            "ApiId": {"Ref": stack.api()},
            "RouteKey": key,
            "Target": {"Fn::Sub": format!("integrations/${{{id}Integration}}")},
        },
    })
}
