//! Tests of the sanitizer of SVG files.

use super::*;
use crate::fixtures::SVG;

/// Sanitizes an SVG with `content`.
fn sanitized(content: &str) -> String {
    let root = r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">"#;
    String::from_utf8(sanitize(format!("{root}{content}</svg>").as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_harmless_file_keeps_its_elements() {
    let text = String::from_utf8(sanitize(SVG.as_bytes()).unwrap()).unwrap();
    for part in [
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" width="10px">"#,
        r##"<stop offset="0" stop-color="#f00"/>"##,
        r#"<g mask="url(#m)"><path d="M0 0 L10 10 Z" fill="url(#a)"/>"#,
        r##"<use href="#a"/>"##,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn parts_that_run_load_or_identify_are_removed() {
    let text = sanitized(
        r##"
        <!-- secret -->
        <?secret data?>
        <script>secret()</script>
        <script href="https://secret.example/a.js"/>
        <metadata><secret/></metadata>
        <foreignObject><div xmlns="http://www.w3.org/1999/xhtml" onclick="secret()">secret</div></foreignObject>
        <g onload="secret()" onclick="secret()" id="kept"/>
        <a href="javascript:secret()"><path d="M1 1"/></a>
        <a xlink:href="https://secret.example"><path d="M2 2"/></a>
        <image href="https://secret.example/a.png"><title>secret</title></image>
        <image xlink:href="secret.png"/>
        <image href="data:image/png;base64,secret"/>
        <filter id="f"><feImage href="/secret.png"/></filter>
        <use href="https://secret.example/a.svg#b"/>
        <use href="secret.svg#b"/>
        <path fill="url(https://secret.example/a.svg#b)"/>
        <path style="fill: url('secret.svg#b')"/>
        <path style="background: image-set('https://secret.example/a.png' 1x)"/>
        <path cursor="URL(secret.png), auto"/>
        <style>@import url(https://secret.example/a.css);</style>
        <style>path { background: url(secret.png) }</style>
        <style>path { background: image-set("secret.png" 1x) }</style>
        <set attributeName="href" to="https://secret.example"/>
        <animate attributeName="fill" values="url(secret.svg#a);red"/>
        <iframe src="https://secret.example"/>
        <x:secret xmlns:x="https://secret.example/"/>
        "##,
    );
    assert!(!text.contains("secret"), "{text}");
    for kept in [r#"<g id="kept"/>"#, r#"<path d="M1 1"/>"#, r#"<path d="M2 2"/>"#] {
        assert!(text.contains(kept), "{kept} is not in {text}");
    }
}

#[test]
fn a_style_sheet_that_loads_nothing_is_kept() {
    let text = sanitized("<style>.a { fill: #f00; mask: url(#m) }</style><path class=\"a\"/>");
    assert!(text.contains("<style>.a { fill: #f00; mask: url(#m) }</style><path class=\"a\"/>"), "{text}");
}

#[test]
fn white_space_between_elements_is_removed_and_texts_are_kept() {
    let text = sanitized("\n  <g>\n    <text>A &amp; <tspan>B</tspan> &lt;C&gt;</text>\n  </g>\n");
    assert!(text.ends_with("><g><text>A &amp; <tspan>B</tspan> &lt;C&gt;</text></g></svg>"), "{text}");
}

#[test]
fn sanitizing_again_changes_nothing() {
    for content in [
        SVG.split_once("?>")
            .unwrap()
            .1
            .split_once("viewBox=\"0 0 10 10\">")
            .unwrap()
            .1
            .trim_end_matches("</svg>"),
        "<g>a<path/>b</g>",
        "<text>  two  spaces\n and lines <tspan> x </tspan>\t</text>",
        "<title>A &amp;amp; &#x20; &quot;B&quot; é</title>",
        "<![CDATA[<script>]]>",
        "<path style=\"a:url( x );b:\\75rl(y);c:url(#d)\"/>",
        "<path d='M0,0\n\tL1,1' data-a='&#10;x'/>",
        "<g aria-label='Farfetch&apos;d'/>",
        "<style>a{b:c}<![CDATA[ d>e{} ]]></style>",
        "<style><g/>a{}</style>",
        "<svg><svg x='1'/></svg>",
    ] {
        let once = sanitized(content);
        assert_eq!(sanitize(once.as_bytes()).as_deref(), Ok(once.as_bytes()), "{content}");
    }
}

#[test]
fn a_file_that_is_not_an_svg_is_rejected() {
    for text in [
        "<html><svg xmlns='http://www.w3.org/2000/svg'/></html>",
        "<svg/>",
        "<svg xmlns='https://example.com/'/>",
        "<g xmlns='http://www.w3.org/2000/svg'><svg/></g>",
        "<svg xmlns='http://www.w3.org/2000/svg'>",
        "<svg xmlns='http://www.w3.org/2000/svg'></g>",
        "<svg xmlns='http://www.w3.org/2000/svg'/><svg xmlns='http://www.w3.org/2000/svg'/>",
        "<svg xmlns='http://www.w3.org/2000/svg' a='1' a='2'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'>&unknown;</svg>",
        "no markup",
    ] {
        assert!(
            matches!(sanitize(text.as_bytes()), Err(Rejected::Svg(_))),
            "{text}: {:?}",
            sanitize(text.as_bytes())
        );
    }
    assert!(sanitize(b"<svg xmlns='http://www.w3.org/2000/svg'>\xff</svg>").is_err(), "not UTF-8");
}

#[test]
fn the_error_names_the_place() {
    let Err(Rejected::Svg(message)) = sanitize(b"<svg xmlns='http://www.w3.org/2000/svg'></g>") else {
        panic!("an error");
    };
    assert!(message.starts_with("1:"), "{message}");
}

#[test]
fn entities_that_expand_are_rejected() {
    let mut text = "<!DOCTYPE svg [<!ENTITY a0 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>".to_owned();
    for level in 1..12 {
        let references = format!("&a{};", level - 1).repeat(20);
        text.push_str(&format!("<!ENTITY a{level} '{references}'>"));
    }
    text.push_str("]><svg xmlns='http://www.w3.org/2000/svg'><title>&a11;</title></svg>");
    assert!(matches!(sanitize(text.as_bytes()), Err(Rejected::Svg(_))));
}

#[test]
fn an_entity_does_not_load_a_file() {
    let entity = "<!DOCTYPE svg [<!ENTITY file SYSTEM 'file:///etc/hostname'>]>";
    let text = format!("{entity}<svg xmlns='http://www.w3.org/2000/svg'><title>&file;</title></svg>");
    let sanitized = String::from_utf8(sanitize(text.as_bytes()).unwrap()).unwrap();
    assert!(sanitized.ends_with("<title/></svg>"), "{sanitized}");
}

#[test]
fn deeply_nested_elements_are_rejected() {
    let nested = |element: &str, depth: usize| {
        let (open, close) = (format!("<{element}>").repeat(depth), format!("</{element}>").repeat(depth));
        sanitize(format!("<svg xmlns='http://www.w3.org/2000/svg'>{open}{close}</svg>").as_bytes())
    };
    let error = Rejected::Svg("elements are nested deeper than 64 levels".to_owned());
    for element in ["g", "unknown"] {
        assert!(nested(element, 63).is_ok(), "{element}");
        for depth in [64, 25_000] {
            assert_eq!(nested(element, depth), Err(error.clone()), "{element}");
        }
    }
}
