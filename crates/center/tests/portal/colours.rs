//! P9: contrast and distance of the colours, recomputed from the style sheet.

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../assets/vitrine.css");

#[test]
fn light_values_come_first_and_equal_those_of_light_dark() {
    let plain = tokens(false);
    assert_eq!(plain.len(), 15);
    for (name, light, _) in pairs() {
        assert_eq!(plain.get(&name), Some(&light), "{name}");
    }
    assert!(
        STYLE.find("--paper: #f5f7f6").expect("light") < STYLE.find("light-dark(").expect("dark")
    );
}

#[test]
fn tokens_are_those_of_the_design() {
    let expected = "paper #f5f7f6 #0e1413, glass #ffffff #141c1b, ink #16211f #e4ebe9, muted #4a5a57 #a2b1ad, accent #00665a #5cc8b6, \
         ok #00665a #5cc8b6, note #44546a #a9b8d6, wait #9c6000 #f3cd6a, fail #86082c #ff7f8c, edge #74847f #74857f, \
         line #d3dbd8 #2a3533, ok-wash #e6f1ee #11302b, note-wash #eef1f6 #1a2430, wait-wash #fcf5e6 #2e2711, fail-wash #fbecef #2d171c";
    let found: Vec<String> = pairs()
        .iter()
        .map(|(name, light, dark)| format!("{name} {light} {dark}"))
        .collect();
    assert_eq!(found.join(", "), expected);
    for token in [
        "--t0: .8125rem",
        "--t1: .9375rem",
        "--t2: 1rem",
        "--t3: 1.1875rem",
        "--t4: 1.5rem",
        "--t5: 2rem",
        "--t6: 2.625rem",
        "--s1: .25rem",
        "--s2: .5rem",
        "--s3: .75rem",
        "--s4: 1rem",
        "--s5: 1.5rem",
        "--s6: 2.5rem",
        "--s7: 4rem",
        "--measure: 42rem",
        "--radius: 2px",
    ] {
        assert!(STYLE.contains(token), "{token}");
    }
}

#[test]
fn text_has_the_contrast_that_the_design_measured() {
    // Ratios on paper and on glass, light then dark (portal.md §4).
    for (name, ratios) in [
        ("ink", [15.4, 16.5, 15.4, 14.3]),
        ("muted", [6.8, 7.3, 8.4, 7.8]),
        ("accent", [6.4, 6.9, 9.2, 8.6]),
        ("ok", [6.4, 6.9, 9.2, 8.6]),
        ("note", [7.2, 7.7, 9.3, 8.7]),
        ("wait", [4.8, 5.1, 12.2, 11.4]),
        ("fail", [9.4, 10.1, 7.7, 7.2]),
        ("edge", [3.7, 3.9, 4.8, 4.5]),
    ] {
        let (light, dark) = colour(name);
        let (paper, dark_paper) = colour("paper");
        let (glass, dark_glass) = colour("glass");
        let found = [
            contrast(light, paper),
            contrast(light, glass),
            contrast(dark, dark_paper),
            contrast(dark, dark_glass),
        ];
        for (found, expected) in found.into_iter().zip(ratios) {
            assert!(
                (found - expected).abs() < 0.06,
                "{name}: {found:.2} instead of {expected}"
            );
            assert!(
                found >= if name == "edge" { 3.0 } else { 4.5 },
                "{name}: {found:.2}"
            );
        }
    }
}

#[test]
fn words_hold_on_their_washes_and_so_does_text() {
    for name in ["ok", "note", "wait", "fail"] {
        let (light, dark) = colour(name);
        let (wash, dark_wash) = colour(&format!("{name}-wash"));
        for text in [light, colour("ink").0, colour("muted").0] {
            assert!(
                contrast(text, wash) >= 4.5,
                "{name}: {:.2}",
                contrast(text, wash)
            );
        }
        for text in [dark, colour("ink").1, colour("muted").1] {
            assert!(
                contrast(text, dark_wash) >= 4.5,
                "{name}: {:.2}",
                contrast(text, dark_wash)
            );
        }
    }
}

#[test]
fn buttons_that_are_filled_can_be_read() {
    let (accent, dark_accent) = colour("accent");
    let (glass, dark_glass) = colour("glass");
    assert!(contrast(accent, glass) >= 4.5 && contrast(dark_accent, dark_glass) >= 4.5);
}

#[test]
fn states_differ_for_eyes_that_see_fewer_colours() {
    let states = ["ok", "note", "wait", "fail"];
    for dark in [false, true] {
        for simulation in [&PROTAN, &DEUTAN, &TRITAN] {
            for (index, one) in states.iter().enumerate() {
                for other in &states[index + 1..] {
                    let seen = |name: &str| {
                        let (light, shade) = colour(name);
                        lab(simulate(if dark { shade } else { light }, simulation))
                    };
                    let distance = ciede2000(seen(one), seen(other));
                    let least = if [*one, *other] == ["wait", "fail"] {
                        15.0
                    } else {
                        9.0
                    };
                    assert!(
                        distance >= least,
                        "{one} and {other}, dark {dark}: {distance:.1}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_distance_agrees_with_published_pairs() {
    // Pairs 1, 7, 17 and 25 of the test data that Sharma, Wu and Dalal published with the formula.
    for (one, other, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        (
            [60.2574, -34.0099, 36.2677],
            [60.4626, -34.1751, 39.4387],
            1.2644,
        ),
    ] {
        let found = ciede2000(one, other);
        assert!(
            (found - expected).abs() < 0.0001,
            "{found} instead of {expected}"
        );
    }
}

#[test]
fn only_logical_directions_are_used() {
    for word in [
        "-left",
        "-right",
        " left:",
        " right:",
        "margin-top",
        "margin-bottom",
        "padding-top",
        "padding-bottom",
        " top:",
        " bottom:",
    ] {
        assert!(!STYLE.contains(word), "{word}");
    }
}

#[test]
fn nothing_moves() {
    for word in [
        "transition",
        "animation",
        "@keyframes",
        "scroll-behavior",
        "!important",
    ] {
        assert!(!STYLE.contains(word), "{word}");
    }
}

fn tokens(both: bool) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in STYLE.lines().map(str::trim) {
        let Some((name, value)) = line
            .strip_prefix("--")
            .and_then(|line| line.trim_end_matches(';').split_once(": "))
        else {
            continue;
        };
        let is_pair = value.starts_with("light-dark(");
        if (is_pair && both) || (value.starts_with('#') && !both) {
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

/// Name, light, dark, in the order of the style sheet.
fn pairs() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for line in STYLE.lines().map(str::trim) {
        let Some((name, value)) = line
            .strip_prefix("--")
            .and_then(|line| line.split_once(": light-dark("))
        else {
            continue;
        };
        let (light, dark) = value
            .trim_end_matches(");")
            .split_once(", ")
            .expect("two colours");
        found.push((name.to_owned(), light.to_owned(), dark.to_owned()));
    }
    assert_eq!(found.len(), tokens(true).len());
    found
}

fn colour(name: &str) -> ([f64; 3], [f64; 3]) {
    let (_, light, dark) = pairs()
        .into_iter()
        .find(|(found, _, _)| found == name)
        .expect("the token exists");
    (linear(&light), linear(&dark))
}

fn linear(hex: &str) -> [f64; 3] {
    [1, 3, 5].map(|at| {
        let value =
            f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("two hex digits")) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    })
}

/// WCAG 2: relative luminance and contrast ratio.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn simulate(colour: [f64; 3], matrix: &[[f64; 3]; 3]) -> [f64; 3] {
    matrix.map(|row| {
        row.iter()
            .zip(colour)
            .map(|(weight, value)| weight * value)
            .sum::<f64>()
            .clamp(0.0, 1.0)
    })
}

/// Linear sRGB to CIE L*a*b* under D65.
fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
    let x = (0.412_456_4 * red + 0.357_576_1 * green + 0.180_437_5 * blue) / 0.950_47;
    let y = 0.212_672_9 * red + 0.715_152_2 * green + 0.072_175 * blue;
    let z = (0.019_333_9 * red + 0.119_192 * green + 0.950_304_1 * blue) / 1.088_83;
    let [x, y, z] = [x, y, z].map(|value| {
        if value > (6.0_f64 / 29.0).powi(3) {
            value.cbrt()
        } else {
            value / (3.0 * (6.0_f64 / 29.0).powi(2)) + 4.0 / 29.0
        }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn ciede2000([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let far = 25.0_f64.powi(7);
    let mean = (a1.hypot(b1) + a2.hypot(b2)) / 2.0;
    let g = 0.5 * (1.0 - (mean.powi(7) / (mean.powi(7) + far)).sqrt());
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| {
        if a == 0.0 && b == 0.0 {
            0.0
        } else {
            b.atan2(a).to_degrees().rem_euclid(360.0)
        }
    };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        difference if difference > 180.0 => difference - 360.0,
        difference if difference < -180.0 => difference + 360.0,
        difference => difference,
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => (sum + 360.0) / 2.0,
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0)
        - 0.20 * cos(4.0 * h - 63.0);
    let rotation = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let rc = 2.0 * (c.powi(7) / (c.powi(7) + far)).sqrt();
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let rt = -(2.0 * rotation).to_radians().sin() * rc;
    ((dl / sl).powi(2) + (dc / sc).powi(2) + (dh / sh).powi(2) + rt * (dc / sc) * (dh / sh)).sqrt()
}

// Machado, Oliveira, Fernandes 2009, severity 1, on linear sRGB.
const PROTAN: [[f64; 3]; 3] = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const DEUTAN: [[f64; 3]; 3] = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
const TRITAN: [[f64; 3]; 3] = [
    [1.255_528, -0.076_749, -0.178_779],
    [-0.078_411, 0.930_809, 0.147_602],
    [0.004_733, 0.691_367, 0.303_900],
];
