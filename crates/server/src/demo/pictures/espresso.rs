//! Espresso: machines, and the small tools beside them.

use super::pen::{BLACK, COFFEE_DARK, shadow, shine};

/// The machine of the pictures: one boiler, one gauge.
pub fn machine() -> String {
    let shadow = shadow(376.0, 236.0);
    let top = shine("M 236 186 H 500", 9.0);
    format!(
        r##"{shadow}
        <rect x="206" y="286" width="146" height="290" fill="url(#steel)"/>
        <rect x="334" y="286" width="18" height="290" fill="#6F685E" fill-opacity=".35"/>
        <rect x="196" y="150" width="386" height="144" rx="26" fill="url(#steel)"/>
        <rect x="214" y="132" width="350" height="20" rx="8" fill="#938B80"/>
        <path d="M 236 132 V 116 H 542 V 132" fill="none" stroke="#A9A196" stroke-width="9" stroke-linejoin="round"/>
        {top}
        <circle cx="258" cy="222" r="39" fill="#FBF8F2"/><circle cx="258" cy="222" r="39" fill="none" stroke="#8F887D" stroke-width="6"/>
        <path d="M 240 244 A 28 28 0 1 1 282 236" fill="none" stroke="#C9C0B2" stroke-width="5"/>
        <path d="M 258 222 L 276 202" stroke="#B35C2D" stroke-width="7" stroke-linecap="round"/>
        <path d="M 456 216 h 88" stroke="#6F685E" stroke-opacity=".5" stroke-width="10" stroke-linecap="round" stroke-dasharray="1 28"/>
        <rect x="398" y="292" width="132" height="34" rx="8" fill="{BLACK}"/>
        <rect x="412" y="326" width="104" height="26" rx="8" fill="url(#steel)"/>
        <path d="M 424 338 L 306 334" stroke="#A96F3D" stroke-width="24" stroke-linecap="round"/>
        <path d="M 450 352 H 478 V 376 Q 478 386 468 386 H 460 Q 450 386 450 376 Z" fill="{BLACK}"/>
        <path d="M 560 292 C 572 350 586 380 582 430" fill="none" stroke="#A9A196" stroke-width="11" stroke-linecap="round"/>
        <path d="M 464 388 V 476" stroke="#6B3A20" stroke-width="6"/>
        <path d="M 418 474 H 510 L 504 520 Q 498 548 470 548 H 458 Q 430 548 424 520 Z" fill="url(#ceramic)"/>
        <path d="M 508 486 Q 540 484 536 508 Q 532 528 502 524" fill="none" stroke="#EDE4D6" stroke-width="10"/>
        <rect x="384" y="546" width="196" height="14" rx="5" fill="#6F685E"/>
        <rect x="168" y="556" width="434" height="52" rx="19" fill="url(#black-v)"/>"##
    )
}

/// The larger machine: two boilers, two gauges, a steam wand and warm cups on its head.
pub fn dual_boiler() -> String {
    let shadow = shadow(372.0, 272.0);
    let side = shine("M 146 214 V 540", 13.0);
    let cup = |x: f64| {
        format!(
            r##"<path d="M {x} 96 h 58 l -4 26 q -4 12 -16 12 h -18 q -12 0 -16 -12 Z" fill="url(#ceramic)"/>"##
        )
    };
    let cups = cup(210.0) + &cup(284.0) + &cup(358.0);
    format!(
        r##"{shadow}{cups}
        <path d="M 128 160 H 616 Q 636 160 636 180 V 560 H 108 V 180 Q 108 160 128 160 Z" fill="url(#green)"/>
        <path d="M 200 306 H 592 Q 604 306 604 318 V 556 H 188 V 318 Q 188 306 200 306 Z" fill="#1C241C"/>
        <rect x="120" y="142" width="504" height="22" rx="9" fill="#B9B2A7"/>
        <path d="M 148 142 V 122 H 596 V 142" fill="none" stroke="#B9B2A7" stroke-width="9" stroke-linejoin="round"/>
        <rect x="196" y="196" width="406" height="76" rx="14" fill="url(#steel)"/>
        <circle cx="244" cy="234" r="27" fill="#FBF8F2"/><path d="M 244 234 L 256 220" stroke="#B35C2D" stroke-width="5" stroke-linecap="round"/>
        <circle cx="314" cy="234" r="27" fill="#FBF8F2"/><path d="M 314 234 L 304 218" stroke="#B35C2D" stroke-width="5" stroke-linecap="round"/>
        <circle cx="556" cy="234" r="23" fill="url(#walnut)"/>
        <path d="M 376 234 h 112" stroke="#6F685E" stroke-opacity=".55" stroke-width="12" stroke-linecap="round" stroke-dasharray="1 30"/>
        <rect x="330" y="304" width="142" height="34" rx="8" fill="#B9B2A7"/>
        <rect x="344" y="338" width="114" height="28" rx="8" fill="#8F887D"/>
        <path d="M 350 352 L 232 346" stroke="#A96F3D" stroke-width="24" stroke-linecap="round"/>
        <path d="M 386 366 H 416 V 388 Q 416 398 406 398 H 396 Q 386 398 386 388 Z" fill="#8F887D"/>
        <path d="M 558 306 C 566 370 572 400 566 452" fill="none" stroke="#D8D2C8" stroke-width="11" stroke-linecap="round"/>
        <path d="M 401 398 V 470" stroke="#8A583B" stroke-width="6"/>
        <path d="M 356 470 H 446 L 440 514 Q 434 542 408 542 H 394 Q 368 542 362 514 Z" fill="url(#ceramic)"/>
        <ellipse cx="401" cy="470" rx="42" ry="6" fill="{COFFEE_DARK}"/>
        <rect x="222" y="540" width="388" height="16" rx="6" fill="#B9B2A7"/>
        <path d="M 96 552 H 648 V 584 Q 648 606 626 606 H 118 Q 96 606 96 584 Z" fill="url(#black-v)"/>
        {side}"##
    )
}

/// A tamper of steel with a wooden handle.
pub fn tamper() -> String {
    let shadow = shadow(372.0, 138.0);
    let base = shine("M 262 548 V 588", 11.0);
    format!(
        r##"{shadow}
        <path d="M 372 168 C 436 168 456 208 448 252 C 440 296 412 320 412 372 Q 412 400 372 400 Q 332 400 332 372 C 332 320 304 296 296 252 C 288 208 308 168 372 168 Z" fill="url(#walnut)"/>
        <path d="M 318 216 C 308 246 326 282 340 306" fill="none" stroke="#FFF" stroke-opacity=".3" stroke-width="12" stroke-linecap="round"/>
        <path d="M 332 388 H 412 L 424 446 H 320 Z" fill="url(#steel)"/>
        <rect x="326" y="382" width="92" height="18" rx="6" fill="#8F887D"/>
        <path d="M 320 444 H 424 C 430 500 500 500 508 530 H 236 C 244 500 314 500 320 444 Z" fill="url(#bright)"/>
        <rect x="234" y="526" width="276" height="80" rx="10" fill="url(#steel)"/>
        <path d="M 240 560 H 504" stroke="#6F685E" stroke-opacity=".35" stroke-width="4"/>
        {base}"##
    )
}

/// The levelling tamper: a weighted puck that cannot tilt.
pub fn levelling_tamper() -> String {
    let shadow = shadow(372.0, 182.0);
    let shine = shine("M 216 380 V 470", 15.0);
    format!(
        r##"{shadow}
        <rect x="228" y="520" width="288" height="86" rx="10" fill="url(#steel)"/>
        <path d="M 234 556 H 510 M 234 574 H 510" stroke="#6F685E" stroke-opacity=".35" stroke-width="4"/>
        <rect x="182" y="478" width="380" height="56" rx="18" fill="url(#steel)"/>
        <rect x="190" y="340" width="364" height="152" rx="34" fill="url(#black)"/>
        <path d="M 190 430 H 554" stroke="#FFF" stroke-opacity=".1" stroke-width="6"/>
        <ellipse cx="372" cy="344" rx="176" ry="28" fill="#3B403A"/>
        <ellipse cx="372" cy="342" rx="92" ry="15" fill="url(#walnut)"/>
        {shine}"##
    )
}

/// The jug for milk, small or large.
pub fn milk_jug(is_large: bool) -> String {
    let (open, close) = if is_large {
        ("", "")
    } else {
        (r#"<g transform="translate(80 133) scale(.78)">"#, "</g>")
    };
    let shadow = shadow(356.0, 146.0);
    let shine = shine("M 284 300 C 276 390 256 460 258 560", 16.0);
    format!(
        r##"{open}{shadow}
        <path d="M 474 276 H 560 Q 596 276 594 312 L 584 470 Q 582 506 546 508 L 492 510" fill="none" stroke="#A9A196" stroke-width="24" stroke-linejoin="round"/>
        <path d="M 200 168 Q 236 178 254 214 L 484 206 Q 478 190 470 180 Q 330 158 200 168 Z" fill="#8F887D"/>
        <path d="M 196 166 C 236 190 250 218 254 262 C 260 350 216 430 214 550 Q 214 606 262 606 H 452 Q 500 606 500 550 C 498 430 470 340 474 262 C 475 230 482 216 488 198 C 440 206 300 216 196 166 Z" fill="url(#steel)"/>
        <path d="M 262 206 C 330 220 430 214 478 204" fill="none" stroke="#FBF8F2" stroke-width="8" stroke-opacity=".7"/>
        {shine}{close}"##
    )
}

/// The box spent coffee is knocked into.
pub fn knock_box() -> String {
    let shadow = shadow(372.0, 192.0);
    let shine = shine("M 222 396 V 560", 16.0);
    format!(
        r##"{shadow}
        <path d="M 190 346 H 554 V 566 Q 554 606 514 606 H 230 Q 190 606 190 566 Z" fill="url(#black)"/>
        <ellipse cx="372" cy="346" rx="182" ry="46" fill="#3B403A"/>
        <ellipse cx="372" cy="350" rx="160" ry="36" fill="#12140F"/>
        <path d="M 236 366 C 300 340 440 336 508 366 C 470 388 280 390 236 366 Z" fill="{COFFEE_DARK}"/>
        <path d="M 204 340 H 540" stroke="#A96F3D" stroke-width="34" stroke-linecap="round"/>
        <path d="M 214 332 H 520" stroke="#FFF" stroke-opacity=".25" stroke-width="7" stroke-linecap="round"/>
        {shine}"##
    )
}
