//! Templates of texts.
//!
//! `{name}` is replaced by a value. A text in square brackets is left out, with its brackets, if
//! one of its values is missing: `Your[ {app}] code`. A text after a bar is used instead: `Write to
//! [{support}|us]`. A value is never read as a template.

/// A name and its value, if there is one.
pub(super) type Value<'a> = (&'static str, Option<&'a str>);

/// Fills in a template.
pub(super) fn fill(template: &str, values: &[Value<'_>]) -> String {
    let mut filled = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(open) = rest.find('[') {
        let (plain, bracket) = rest.split_at(open);
        put(plain, values, &mut filled);
        let (optional, after) = bracket[1..].split_once(']').unwrap_or((&bracket[1..], ""));
        for choice in optional.split('|') {
            let mut part = String::new();
            if put(choice, values, &mut part) {
                filled.push_str(&part);
                break;
            }
        }
        rest = after;
    }
    put(rest, values, &mut filled);
    filled
}

/// Fills in a template in which brackets have no meaning, such as HTML and CSS.
pub(super) fn fill_verbatim(template: &str, values: &[Value<'_>]) -> String {
    let mut filled = String::with_capacity(template.len() + 4096);
    put(template, values, &mut filled);
    filled
}

/// Appends a text without optional parts; false if one of its values is missing.
fn put(template: &str, values: &[Value<'_>], to: &mut String) -> bool {
    let mut complete = true;
    let mut rest = template;
    while let Some((plain, after)) = rest.split_once('{') {
        to.push_str(plain);
        let name = after.split_once('}');
        // Braces of a style sheet are not placeholders.
        let Some((name, after)) = name.filter(|(name, _)| is_name(name)) else {
            to.push('{');
            rest = after;
            continue;
        };
        let value = values.iter().find(|(known, _)| *known == name);
        match value.and_then(|(_, value)| *value) {
            Some(value) => to.push_str(value),
            None => complete = false,
        }
        rest = after;
    }
    to.push_str(rest);
    complete
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// Escapes a text for HTML, in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_is_there_only_with_its_value() {
        let template = "[{app}: ]Your[ {app}] code is {code}.";
        let filled = |app| fill(template, &[("app", app), ("code", Some("123456"))]);
        assert_eq!(filled(None), "Your code is 123456.");
        assert_eq!(filled(Some("Acme")), "Acme: Your Acme code is 123456.");
    }

    #[test]
    fn the_text_after_a_bar_stands_for_one_without_its_value() {
        let filled = |support| fill("Write to [{support}|us].", &[("support", support)]);
        assert_eq!(filled(None), "Write to us.");
        assert_eq!(filled(Some("a|b]")), "Write to a|b].");
    }

    #[test]
    fn brackets_of_html_and_css_stay() {
        let template = "<!--[if mso]>{x}<![endif]--> a[x-apple] { {y} }";
        let filled = fill_verbatim(template, &[("x", Some("[1]")), ("y", Some("2"))]);
        assert_eq!(filled, "<!--[if mso]>[1]<![endif]--> a[x-apple] { 2 }");
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let app = Some("{code}[x]{app}");
        let filled = fill("[{app}] {code}", &[("app", app), ("code", Some("1"))]);
        assert_eq!(filled, "{code}[x]{app} 1");
    }

    #[test]
    fn the_braces_of_a_style_sheet_stay() {
        let filled = fill(":root { color: {name}; }{}", &[("name", Some("red"))]);
        assert_eq!(filled, ":root { color: red; }{}");
    }

    #[test]
    fn what_html_gives_a_meaning_is_escaped() {
        assert_eq!(escape("a'b&c<d>\"e"), "a&#39;b&amp;c&lt;d&gt;&quot;e");
    }
}
