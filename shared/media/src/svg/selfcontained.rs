//! The second pass: an SVG that refers only to its own elements.

use xml::attribute::OwnedAttribute;
use xml::name::OwnedName;
use xml::reader::{ParserConfig, XmlEvent as Read};
use xml::writer::{EmitterConfig, EventWriter, XmlEvent as Write};

const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// Elements whose only purpose is to show another file.
const EMBEDDING: [&str; 2] = ["image", "feImage"];

/// Writes the file again without elements, attributes and style sheets that refer to other files, and without the white space between
/// elements. `bytes` are the output of the first pass: XML without a document type, so that entities cannot expand.
pub fn rewrite(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let reader = ParserConfig::new().cdata_to_characters(true).ignore_comments(true).create_reader(bytes);
    let mut output = Output::new();
    for event in reader {
        match event.map_err(|error| error.to_string())? {
            Read::StartElement { name, attributes, .. } => output.start(&name, &attributes)?,
            Read::EndElement { name } => output.end(&name)?,
            Read::Characters(text) => output.text(&text)?,
            _ => {}
        }
    }
    Ok(output.writer.into_inner())
}

struct Output {
    writer: EventWriter<Vec<u8>>,
    /// The local names of the open elements.
    open: Vec<String>,
    /// The number of open elements that are left out, with the outermost one that embeds a file.
    skipped: usize,
}

impl Output {
    fn new() -> Self {
        Self {
            writer: EmitterConfig::new().pad_self_closing(false).create_writer(Vec::new()),
            open: Vec::new(),
            skipped: 0,
        }
    }

    fn start(&mut self, name: &OwnedName, attributes: &[OwnedAttribute]) -> Result<(), String> {
        if self.open.is_empty() && (name.local_name != "svg" || name.namespace.as_deref() != Some(NAMESPACE))
        {
            return Err(format!("the root element is {name}"));
        }
        if self.skipped > 0 || EMBEDDING.contains(&name.local_name.as_str()) {
            self.skipped += 1;
            return Ok(());
        }
        let mut element = Write::start_element(name.local_name.as_str());
        if self.open.is_empty() {
            element = element.default_ns(NAMESPACE);
        }
        for attribute in attributes.iter().filter(|attribute| is_self_contained(attribute)) {
            element = element.attr(attribute.name.local_name.as_str(), &attribute.value);
        }
        self.open.push(name.local_name.clone());
        self.write(element.into())
    }

    fn end(&mut self, name: &OwnedName) -> Result<(), String> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        self.open.pop();
        self.write(Write::EndElement { name: Some(name.local_name.as_str().into()) })
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        let is_style = self.open.last().is_some_and(|name| name == "style");
        if self.skipped > 0 || is_style && !loads_nothing(text) {
            return Ok(());
        }
        self.write(Write::Characters(text))
    }

    fn write(&mut self, event: Write<'_>) -> Result<(), String> {
        self.writer.write(event).map_err(|error| error.to_string())
    }
}

/// Whether the attribute refers only to elements of the same file.
fn is_self_contained(attribute: &OwnedAttribute) -> bool {
    let value = attribute.value.as_str();
    match attribute.name.local_name.as_str() {
        "href" => value.starts_with('#'),
        _ => loads_nothing(value),
    }
}

/// Whether a style sheet or the value of a property loads nothing: every address is a fragment, and neither the name of a host nor a quoted
/// text, which some functions accept as an address, occurs.
fn loads_nothing(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    let mut addresses = style.split("url(").skip(1);
    addresses.all(|rest| rest.starts_with('#')) && !style.contains("//") && !style.contains(['"', '\''])
}
