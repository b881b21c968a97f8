//! Each route of the description answers with a status that it lists.

use crate::node;

#[test]
fn every_route_of_the_description_answers() {
    let node = node();
    let description = node.get("/api/v1/openapi.json").json();
    for (path, operations) in description["paths"].as_object().unwrap() {
        if path.starts_with("/witness") || path == "/policy.toml" {
            continue;
        }
        let address = path
            .replace("{hex}", &"0".repeat(64))
            .replace("{line}", &"0".repeat(64));
        let address = address
            .replace("{name}", "0.tlog-proof")
            .replace("{path}", "0/000");
        for method in operations.as_object().unwrap().keys() {
            let status = match method.as_str() {
                "get" => node.get(&address).status,
                "head" => node.head(&address).status,
                "post" => node.post(&address, b"").status,
                "put" => node.put(&address, &[], b"").status,
                _ => continue,
            };
            let listed = operations[method]["responses"].as_object().unwrap();
            assert!(
                listed.contains_key(&status.to_string()),
                "{method} {path} answered {status}"
            );
        }
    }
}
