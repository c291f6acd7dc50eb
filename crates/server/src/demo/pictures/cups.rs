//! Cups, mugs and glasses.

use super::pen::{COFFEE, COFFEE_DARK, COFFEE_TOP, place, shadow, shine, steam};

/// A straight mug of `material`, its handle of the plain `colour`.
pub fn mug(material: &str, colour: &str) -> String {
    let shadow = shadow(342.0, 150.0);
    let shine = shine("M 232 388 V 540", 17.0);
    format!(
        r##"{shadow}
        <path d="M 478 370 C 572 350 612 400 604 452 C 596 510 548 534 470 520" fill="none" stroke="{colour}" stroke-width="30"/>
        <path d="M 198 316 H 486 V 530 Q 486 606 410 606 H 274 Q 198 606 198 530 Z" fill="url(#{material})"/>
        <ellipse cx="342" cy="316" rx="144" ry="25" fill="{colour}"/>
        <ellipse cx="342" cy="318" rx="126" ry="19" fill="{COFFEE_DARK}"/>
        <path d="M 236 316 C 280 304 400 304 446 316" fill="none" stroke="{COFFEE_TOP}" stroke-width="5" stroke-opacity=".8"/>
        {shine}"##
    )
}

/// The stoneware mug: glazed above, bare clay below.
pub fn stoneware_mug() -> String {
    let mug = mug("ceramic", "#E0D3BF");
    format!(
        r##"{mug}
        <path d="M 198 500 C 260 520 300 488 350 504 C 400 518 440 494 486 506 V 530 Q 486 606 410 606 H 274 Q 198 606 198 530 Z" fill="url(#kraft)"/>
        <path d="M 250 556 h 4 M 300 576 h 4 M 352 548 h 4 M 402 570 h 4 M 440 544 h 4 M 320 536 h 4 M 280 420 h 4 M 390 398 h 4 M 430 452 h 4 M 336 446 h 4" stroke="#8F7450" stroke-opacity=".6" stroke-width="6" stroke-linecap="round"/>"##
    )
}

/// The thin porcelain mug with a gold line.
pub fn porcelain_mug() -> String {
    let shadow = shadow(346.0, 116.0);
    let shine = shine("M 246 350 C 250 430 262 490 290 540", 14.0);
    format!(
        r##"{shadow}
        <path d="M 478 352 C 574 326 612 380 596 432 C 580 484 524 500 462 486" fill="none" stroke="#E9EBEA" stroke-width="21"/>
        <path d="M 206 296 H 486 C 486 430 460 540 424 576 Q 410 590 390 590 H 302 Q 282 590 268 576 C 232 540 206 430 206 296 Z" fill="url(#bright)"/>
        <path d="M 206 296 H 486 C 486 430 460 540 424 576 Q 410 590 390 590 H 302 Q 282 590 268 576 C 232 540 206 430 206 296 Z" fill="#FFF" fill-opacity=".5"/>
        <path d="M 286 588 H 406 V 600 Q 406 606 400 606 H 292 Q 286 606 286 600 Z" fill="#C9CBC8"/>
        <ellipse cx="346" cy="296" rx="140" ry="24" fill="#FFF"/>
        <ellipse cx="346" cy="296" rx="140" ry="24" fill="none" stroke="#C79A45" stroke-width="4"/>
        <ellipse cx="346" cy="298" rx="126" ry="19" fill="{COFFEE_DARK}"/>
        <path d="M 210 356 C 280 374 412 374 482 356" fill="none" stroke="#C79A45" stroke-opacity=".8" stroke-width="4"/>
        {shine}"##
    )
}

/// One espresso cup on its saucer.
fn espresso_cup(material: &str, colour: &str) -> String {
    let shadow = shadow(372.0, 176.0);
    let shine = shine("M 276 420 C 280 460 290 500 306 524", 14.0);
    format!(
        r##"{shadow}
        <path d="M 180 574 C 240 606 504 606 564 574 L 540 600 Q 470 612 372 612 Q 274 612 204 600 Z" fill="{colour}"/>
        <ellipse cx="372" cy="574" rx="194" ry="24" fill="url(#{material})"/>
        <ellipse cx="372" cy="574" rx="112" ry="12" fill="#000" fill-opacity=".1"/>
        <path d="M 492 410 C 560 394 592 430 578 466 C 566 496 524 504 478 492" fill="none" stroke="{colour}" stroke-width="21"/>
        <path d="M 242 376 H 502 C 502 460 486 540 440 566 Q 424 576 404 576 H 340 Q 320 576 304 566 C 258 540 242 460 242 376 Z" fill="url(#{material})"/>
        <ellipse cx="372" cy="376" rx="130" ry="23" fill="{colour}"/>
        <ellipse cx="372" cy="378" rx="114" ry="17" fill="{COFFEE_DARK}"/>
        <ellipse cx="366" cy="376" rx="92" ry="11" fill="#A06A3E"/>
        {shine}"##
    )
}

/// Two of the same cup, one a little behind the other.
fn pair(cup: &str) -> String {
    place(cup, 258.0, 566.0, 0.72) + &place(cup, 484.0, 606.0, 0.8)
}

pub fn espresso_cups() -> String {
    pair(&espresso_cup("ceramic", "#E9DFCF"))
}

/// The hand-thrown pair: two glazes, not quite alike.
pub fn thrown_cups() -> String {
    let cup = |material: &str, colour: &str, tilt: f64| {
        let shadow = shadow(372.0, 112.0);
        let shine = shine("M 284 394 C 280 450 290 510 300 556", 15.0);
        format!(
            r##"{shadow}
            <path d="M 250 356 C 300 {up} 440 {down} 494 356 C 502 440 500 530 474 580 Q 464 606 436 606 H 312 Q 284 606 274 580 C 246 530 242 440 250 356 Z" fill="url(#{material})"/>
            <path d="M 268 560 C 320 540 420 574 478 552 Q 478 606 436 606 H 312 Q 280 606 268 560 Z" fill="url(#kraft)"/>
            <path d="M 252 430 C 320 444 430 440 496 428 M 254 470 C 320 484 430 480 494 470" fill="none" stroke="#000" stroke-opacity=".1" stroke-width="5"/>
            <ellipse cx="372" cy="358" rx="122" ry="24" fill="{colour}"/>
            <ellipse cx="372" cy="361" rx="106" ry="18" fill="{COFFEE_DARK}"/>
            <ellipse cx="368" cy="359" rx="86" ry="11" fill="#A06A3E"/>{shine}"##,
            up = 350.0 + tilt,
            down = 350.0 - tilt,
        )
    };
    place(&cup("sea", "#93B3AD", 4.0), 262.0, 572.0, 0.9)
        + &place(&cup("ember", "#B8683A", -4.0), 486.0, 606.0, 0.98)
}

/// Two wide cups with milk foam.
pub fn cappuccino_cups() -> String {
    let shadow = shadow(360.0, 190.0);
    let shine = shine("M 206 400 C 212 450 232 500 262 536", 15.0);
    let cup = format!(
        r##"{shadow}
        <path d="M 142 574 C 220 608 500 608 578 574 L 552 600 Q 470 612 360 612 Q 250 612 168 600 Z" fill="#C3D0C4"/>
        <ellipse cx="360" cy="572" rx="218" ry="25" fill="#D5DFD4"/>
        <ellipse cx="360" cy="574" rx="124" ry="13" fill="#000" fill-opacity=".1"/>
        <path d="M 526 400 C 612 376 650 424 632 466 C 616 502 560 510 500 494" fill="none" stroke="#BFCdbf" stroke-width="25"/>
        <path d="M 168 366 H 552 C 552 470 500 560 430 576 H 290 C 220 560 168 470 168 366 Z" fill="url(#sea)"/>
        <path d="M 168 366 H 552 C 552 470 500 560 430 576 H 290 C 220 560 168 470 168 366 Z" fill="#FFF" fill-opacity=".35"/>
        <ellipse cx="360" cy="366" rx="192" ry="34" fill="#DDE6DC"/>
        <ellipse cx="360" cy="369" rx="172" ry="27" fill="#A06A3E"/>
        <path d="M 360 390 C 300 384 268 366 300 356 C 326 348 350 354 360 362 C 370 354 394 348 420 356 C 452 366 420 384 360 390 Z" fill="#F7EEDF"/>
        {shine}"##
    );
    place(&cup, 252.0, 560.0, 0.68) + &place(&cup, 476.0, 606.0, 0.76)
}

/// Two glasses with a wall of air between.
pub fn double_wall_glasses() -> String {
    let shadow = shadow(372.0, 104.0);
    let glass = format!(
        r##"{shadow}
        <path d="M 246 270 H 498 C 506 400 496 520 462 590 Q 454 606 436 606 H 308 Q 290 606 282 590 C 248 520 238 400 246 270 Z" fill="#FFF" fill-opacity=".42"/>
        <path d="M 274 340 H 470 C 472 430 456 520 424 564 Q 416 574 404 574 H 340 Q 328 574 320 564 C 288 520 272 430 274 340 Z" fill="{COFFEE}"/>
        <path d="M 274 340 H 470 C 471 366 470 390 466 410 H 278 C 274 390 273 366 274 340 Z" fill="#D9B48C"/>
        <ellipse cx="372" cy="340" rx="98" ry="14" fill="#EBD2B2"/>
        <path d="M 246 270 H 498 C 506 400 496 520 462 590 Q 454 606 436 606 H 308 Q 290 606 282 590 C 248 520 238 400 246 270 Z" fill="none" stroke="#FFF" stroke-opacity=".85" stroke-width="7"/>
        <ellipse cx="372" cy="270" rx="126" ry="18" fill="#FFF" fill-opacity=".5"/>
        <path d="M 268 304 C 262 400 272 490 296 556" fill="none" stroke="#FFF" stroke-opacity=".6" stroke-width="10" stroke-linecap="round"/>"##
    );
    place(&glass, 256.0, 570.0, 0.9) + &place(&glass, 482.0, 606.0, 0.98)
}

/// The cup for the way.
pub fn travel_cup() -> String {
    let shadow = shadow(372.0, 104.0);
    let shine = shine("M 294 300 L 312 560", 15.0);
    format!(
        r##"{shadow}
        <path d="M 256 226 H 488 L 456 580 Q 452 606 428 606 H 316 Q 292 606 288 580 Z" fill="url(#slate)"/>
        <path d="M 266 340 H 478 L 466 470 H 278 Z" fill="url(#kraft)"/>
        <path d="M 270 384 H 474 M 274 428 H 470" stroke="#8F7450" stroke-opacity=".4" stroke-width="5"/>
        <path d="M 250 190 H 494 Q 504 190 502 200 L 496 230 H 248 L 242 200 Q 240 190 250 190 Z" fill="url(#black)"/>
        <path d="M 276 150 H 468 Q 476 150 478 158 L 486 190 H 258 L 266 158 Q 268 150 276 150 Z" fill="url(#black)"/>
        <rect x="398" y="158" width="50" height="13" rx="6" fill="#12140F"/>
        {shine}"##
    )
}

/// A steaming mug, for scenes.
pub fn warm_mug() -> String {
    steam(342.0, 270.0) + &mug("ceramic", "#E3D8C8")
}
