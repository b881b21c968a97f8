//! `/centers`, `/centers/{name}`

use crate::kit::update;
use crate::place::{Portal, Witnesses};

#[test]
fn nobody_witnesses_and_the_list_says_so() {
    let portal = Portal::start();
    portal.publish(&update("stable", 1, None));
    let list = portal.get("/centers");
    assert_eq!(
        (list.status.as_u16(), list.element("h1").as_str()),
        (200, "No center is known here yet.")
    );
    assert_eq!(portal.get("/centers/europe").status, 404);
}

#[test]
fn each_operator_has_its_last_signature_and_its_zeros() {
    let named = "[[portal.center]]\nwitness = \"asia\"\nname = \"Center Asia\"\noperator = \"Asia-CERT\"\njurisdiction = \"SG\"\n\
                 portal = \"https://asia.example\"\n";
    let portal = Portal::with(Witnesses::Three, named);
    portal.publish(&update("stable", 1, None));
    let view = portal.get("/api/v1/centers").json()["view"].clone();
    assert_eq!(view["asked"], 2);
    let rows = view["rows"].as_array().unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["europe", "Center Asia", "americas"]);
    for row in rows {
        assert_eq!(
            (&row["state"], &row["statements"], &row["rebuilds"]),
            (&"active".into(), &0.into(), &0.into())
        );
        assert!(row["cosigned_at"].is_string());
    }
    assert_eq!(
        (&rows[0]["portal"], &rows[1]["portal"]),
        (&serde_json::Value::Null, &"https://asia.example".into())
    );
    let html = portal.get("/centers").text;
    assert!(html.contains("href=\"https://asia.example\""), "{html}");
    // Where nobody says who runs it, the name of its key stands.
    assert_eq!(
        (&rows[0]["operator"], &rows[0]["jurisdiction"]),
        (&"center-europe.example".into(), &"".into())
    );
    let asia = portal.get("/api/v1/centers/asia").json()["view"].clone();
    assert_eq!(
        (&asia["center"]["operator"], &asia["center"]["portal"]),
        (&"Asia-CERT".into(), &"https://asia.example".into())
    );
    assert_eq!(asia["cosigned"][0]["size"], 1);
    assert_eq!(asia["keys"].as_array().unwrap().len(), 2);
    assert_eq!(
        portal.get("/centers/asia").element("h1"),
        "Center Asia signs what it sees of 1 log."
    );
    assert_eq!(portal.get("/centers/nobody").status, 404);
}

#[test]
fn a_center_that_never_signed_is_announced() {
    let mut portal = Portal::with(Witnesses::Three, "");
    portal.stop_witness("americas");
    portal.publish(&update("stable", 1, None));
    let rows = portal.get("/api/v1/centers").json()["view"]["rows"].clone();
    // It told its size at the start, and signed the empty tree then.
    let americas = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["slug"] == "americas")
        .unwrap();
    assert_ne!(americas["state"], "silent", "{americas}");
    let view = portal.get("/api/v1/centers/americas").json()["view"].clone();
    assert_ne!(view["cosigned"][0]["size"], 1, "{view}");
}
