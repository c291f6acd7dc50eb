//! Things that make coffee without a pump: drippers, carafes, presses, pots and bottles.

use super::pen::{BLACK, COFFEE, COFFEE_DARK, COFFEE_TOP, WALNUT, shadow, shine};

/// What a dripper is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DripperOf {
    Plastic,
    Ceramic,
    Glass,
    Copper,
}

/// The glass server, coffee in its lower part.
pub fn server() -> String {
    let shadow = shadow(372.0, 168.0);
    format!(
        r##"{shadow}
        <path d="M 505 442 C 566 430 616 462 608 512 C 602 552 568 572 526 566" fill="none" stroke="#FFF" stroke-opacity=".8" stroke-width="22"/>
        <path d="M 270 408 H 474 L 524 572 Q 532 606 500 606 H 244 Q 212 606 220 572 Z" fill="#FFF" fill-opacity=".45"/>
        <path d="M 246 492 H 498 L 520 574 Q 526 600 498 600 H 246 Q 218 600 224 574 Z" fill="{COFFEE}"/>
        <ellipse cx="372" cy="492" rx="126" ry="14" fill="{COFFEE_TOP}"/>
        <path d="M 270 408 H 474 L 524 572 Q 532 606 500 606 H 244 Q 212 606 220 572 Z" fill="none" stroke="#FFF" stroke-opacity=".78" stroke-width="8"/>
        <path d="M 282 424 L 240 566" stroke="#FFF" stroke-opacity=".55" stroke-width="9" stroke-linecap="round"/>"##
    )
}

/// The server on its own, taller in its frame, with a steel lid.
pub fn server_alone() -> String {
    let shadow = shadow(360.0, 204.0);
    format!(
        r##"{shadow}
        <path d="M 524 372 C 606 350 672 398 660 470 C 650 532 604 556 548 546" fill="none" stroke="#FFF" stroke-opacity=".82" stroke-width="27"/>
        <path d="M 236 300 H 484 L 552 562 Q 560 606 520 606 H 200 Q 160 606 168 562 Z" fill="#FFF" fill-opacity=".45"/>
        <path d="M 200 438 H 520 L 547 566 Q 552 600 518 600 H 202 Q 168 600 173 566 Z" fill="{COFFEE}"/>
        <ellipse cx="360" cy="438" rx="160" ry="18" fill="{COFFEE_TOP}"/>
        <path d="M 236 300 H 484 L 552 562 Q 560 606 520 606 H 200 Q 160 606 168 562 Z" fill="none" stroke="#FFF" stroke-opacity=".78" stroke-width="9"/>
        <path d="M 250 326 L 192 556" stroke="#FFF" stroke-opacity=".55" stroke-width="11" stroke-linecap="round"/>
        <rect x="222" y="268" width="276" height="38" rx="15" fill="url(#steel)"/>
        <rect x="340" y="240" width="40" height="30" rx="4" fill="#3B2718"/>
        <ellipse cx="360" cy="226" rx="40" ry="24" fill="{WALNUT}"/>
        <path d="M 404 470 h 54 M 414 506 h 44 M 424 542 h 34" stroke="#FFF" stroke-opacity=".5" stroke-width="6" stroke-linecap="round"/>"##
    )
}

/// A dripper of `material` on the server, in the middle of a brew.
pub fn dripper(material: DripperOf) -> String {
    let (fill, opacity, ribs, collar) = match material {
        DripperOf::Plastic => ("url(#smoke)", 0.93, "#3D3832", "url(#smoke)"),
        DripperOf::Ceramic => ("url(#ceramic)", 1.0, "#CBBBA5", "url(#ceramic)"),
        DripperOf::Glass => ("#FFF", 0.5, "#FFF", "url(#walnut)"),
        DripperOf::Copper => ("url(#copper)", 1.0, "#8A4D2C", "url(#copper)"),
    };
    let handle = match material {
        DripperOf::Plastic => "#5F584F",
        DripperOf::Ceramic => "#E3D8C6",
        DripperOf::Glass => "#F7F3EC",
        DripperOf::Copper => "#B06C43",
    };
    let inside = match material {
        DripperOf::Glass => {
            r##"<path d="M 226 206 L 300 342 H 442 L 518 206 Z" fill="#FFFBF2" fill-opacity=".72"/><path d="M 252 250 L 304 342 H 438 L 492 250 Z" fill="#7A4B33" fill-opacity=".55"/>"##
        }
        _ => "",
    };
    let server = server();
    format!(
        r##"{server}
        <path d="M 520 222 C 586 196 640 222 622 268 C 606 306 548 314 486 300" fill="none" stroke="{handle}" stroke-width="27" stroke-linejoin="round"/>
        <path d="M 188 186 Q 214 206 224 226 L 288 352 H 456 L 520 226 Q 530 206 556 186 Z" fill="{fill}" fill-opacity="{opacity}"/>
        {inside}
        <path d="M 238 228 L 310 344 M 282 234 L 334 346 M 330 238 L 358 348 M 414 238 L 388 348 M 462 234 L 410 346 M 506 228 L 434 344" stroke="{ribs}" stroke-opacity=".75" stroke-width="8" stroke-linecap="round"/>
        <ellipse cx="372" cy="184" rx="188" ry="29" fill="{fill}" fill-opacity="{opacity}"/>
        <ellipse cx="372" cy="184" rx="188" ry="29" fill="#FFF" fill-opacity=".18"/>
        <ellipse cx="372" cy="186" rx="162" ry="22" fill="{COFFEE_TOP}"/>
        <ellipse cx="372" cy="190" rx="116" ry="14" fill="{COFFEE_DARK}"/>
        <rect x="258" y="352" width="228" height="37" rx="18" fill="{collar}"/>
        <rect x="296" y="388" width="152" height="16" rx="5" fill="{handle}" fill-opacity=".85"/>"##
    )
}

/// The hourglass carafe with its wooden collar and a paper in the top.
pub fn hourglass() -> String {
    let shadow = shadow(372.0, 190.0);
    format!(
        r##"{shadow}
        <path d="M 234 138 L 350 352 H 394 L 510 138 Z" fill="#FFFBF3" fill-opacity=".95"/>
        <path d="M 258 190 L 350 352 H 394 L 486 190 Z" fill="#8A583B" fill-opacity=".5"/>
        <path d="M 372 140 L 368 348" stroke="#E4D8C4" stroke-width="5"/>
        <path d="M 222 150 C 250 262 322 318 328 372 C 322 430 190 480 188 566 Q 188 606 230 606 H 514 Q 556 606 556 566 C 554 480 422 430 416 372 C 422 318 494 262 522 150 Z" fill="#FFF" fill-opacity=".38"/>
        <path d="M 202 520 C 192 540 192 552 192 566 Q 192 600 230 600 H 514 Q 552 600 552 566 C 552 552 552 540 542 520 Z" fill="{COFFEE}"/>
        <ellipse cx="372" cy="520" rx="170" ry="18" fill="{COFFEE_TOP}"/>
        <path d="M 222 150 C 250 262 322 318 328 372 C 322 430 190 480 188 566 Q 188 606 230 606 H 514 Q 556 606 556 566 C 554 480 422 430 416 372 C 422 318 494 262 522 150" fill="none" stroke="#FFF" stroke-opacity=".8" stroke-width="8"/>
        <path d="M 314 322 H 430 Q 440 322 437 334 C 430 362 430 386 437 414 Q 440 426 430 426 H 314 Q 304 426 307 414 C 314 386 314 362 307 334 Q 304 322 314 322 Z" fill="url(#walnut)"/>
        <path d="M 310 374 H 434" stroke="#5C3A1E" stroke-width="9"/>
        <circle cx="372" cy="386" r="15" fill="#E0BC8A"/><path d="M 372 398 l -12 34 M 372 398 l 10 36" stroke="#5C3A1E" stroke-width="6" stroke-linecap="round"/>
        <path d="M 244 166 C 262 230 300 286 318 310 M 214 552 C 214 520 236 494 266 466" fill="none" stroke="#FFF" stroke-opacity=".6" stroke-width="9" stroke-linecap="round"/>"##
    )
}

/// A press of glass in a steel frame, `tall` or for one.
pub fn press(tall: bool) -> String {
    let top = if tall { 232.0 } else { 330.0 };
    let shadow = shadow(352.0, 134.0);
    let coffee = top + 74.0;
    format!(
        r##"{shadow}
        <path d="M 476 {h1} H 556 Q 584 {h1} 584 {h2} V {h3} Q 584 {h4} 556 {h4} H 476" fill="none" stroke="{BLACK}" stroke-width="28" stroke-linejoin="round"/>
        <rect x="244" y="{top}" width="216" height="{glass}" rx="10" fill="#FFF" fill-opacity=".45"/>
        <rect x="250" y="{coffee}" width="204" height="{fill}" fill="{COFFEE}"/>
        <ellipse cx="352" cy="{coffee}" rx="102" ry="13" fill="#A8744F"/>
        <rect x="244" y="{top}" width="216" height="{glass}" rx="10" fill="none" stroke="#FFF" stroke-opacity=".75" stroke-width="7"/>
        <path d="M 272 {s1} V 540" stroke="#FFF" stroke-opacity=".32" stroke-width="15" stroke-linecap="round"/>
        <rect x="232" y="{band}" width="244" height="24" rx="8" fill="url(#steel)"/>
        <rect x="226" y="548" width="252" height="58" rx="14" fill="url(#steel)"/>
        <path d="M 236 {band} V 560 M 468 {band} V 560" stroke="#8F887D" stroke-width="13"/>
        <path d="M 352 {rod} V {lid}" stroke="#938B80" stroke-width="11"/>
        <path d="M 232 {lid_foot} C 236 {lid} 290 {lid_top} 352 {lid_top} C 414 {lid_top} 468 {lid} 472 {lid_foot} Q 472 {lid_low} 460 {lid_low} H 244 Q 232 {lid_low} 232 {lid_foot} Z" fill="url(#steel)"/>
        <ellipse cx="352" cy="{rod}" rx="30" ry="27" fill="url(#walnut)"/>"##,
        h1 = top + 48.0,
        h2 = top + 78.0,
        h3 = 514.0,
        h4 = 542.0,
        glass = 570.0 - top,
        fill = 556.0 - coffee,
        s1 = top + 44.0,
        band = top + 20.0,
        rod = top - 116.0,
        lid = top - 22.0,
        lid_top = top - 44.0,
        lid_foot = top + 4.0,
        lid_low = top + 16.0,
    )
}

/// The double-walled press of brushed steel.
pub fn steel_press() -> String {
    let shadow = shadow(346.0, 140.0);
    let shine = shine("M 268 268 V 566", 17.0);
    format!(
        r##"{shadow}
        <path d="M 474 282 H 562 Q 592 282 592 312 V 500 Q 592 530 562 530 H 474" fill="none" stroke="#A39B8F" stroke-width="27" stroke-linejoin="round"/>
        <path d="M 222 248 L 196 236 Q 186 230 194 222 L 236 214 Z" fill="#C9C2B7"/>
        <path d="M 224 214 H 478 V 578 Q 478 606 450 606 H 252 Q 224 606 224 578 Z" fill="url(#steel)"/>
        <path d="M 224 560 H 478" stroke="#6F685E" stroke-opacity=".5" stroke-width="5"/>
        <path d="M 351 96 V 172" stroke="#938B80" stroke-width="12"/>
        <path d="M 224 214 C 228 176 290 162 351 162 C 412 162 474 176 478 214 Z" fill="url(#bright)"/>
        <path d="M 218 216 H 484" stroke="#6F685E" stroke-opacity=".6" stroke-width="7" stroke-linecap="round"/>
        <circle cx="351" cy="92" r="30" fill="url(#black)"/>
        {shine}"##
    )
}

/// The eight-sided pot for the stove.
pub fn moka(is_large: bool) -> String {
    let shadow = shadow(366.0, 138.0);
    let (open, close) = if is_large {
        ("", "")
    } else {
        (r#"<g transform="translate(78 127) scale(.79)">"#, "</g>")
    };
    format!(
        r##"{open}{shadow}
        <path d="M 500 250 H 596 Q 626 250 620 284 L 594 430" fill="none" stroke="{BLACK}" stroke-width="36" stroke-linejoin="round" stroke-linecap="round"/>
        <path d="M 234 226 L 176 214 Q 164 214 172 228 L 240 320 Z" fill="url(#bright)"/>
        <path d="M 230 226 H 506 L 476 430 H 258 Z" fill="url(#steel)"/>
        <path d="M 230 226 H 300 L 312 430 H 258 Z" fill="#F1EEE8"/>
        <path d="M 430 226 H 506 L 476 430 H 422 Z" fill="#8C857A"/>
        <path d="M 224 226 L 340 168 Q 368 158 396 168 L 512 226 Z" fill="url(#steel)"/>
        <path d="M 224 226 L 340 168 Q 350 164 356 163 L 300 226 Z" fill="#F1EEE8"/>
        <rect x="350" y="140" width="34" height="26" rx="4" fill="#3B2718"/>
        <path d="M 340 104 H 394 Q 404 104 402 114 L 396 142 H 338 L 332 114 Q 330 104 340 104 Z" fill="url(#black)"/>
        <rect x="246" y="424" width="242" height="40" rx="10" fill="url(#bright)"/>
        <path d="M 252 436 H 482 M 252 450 H 482" stroke="#8C857A" stroke-opacity=".5" stroke-width="4"/>
        <path d="M 258 462 H 476 L 502 590 Q 504 606 488 606 H 246 Q 230 606 232 590 Z" fill="url(#steel)"/>
        <path d="M 258 462 H 312 L 300 606 H 246 Q 230 606 232 590 Z" fill="#F1EEE8"/>
        <path d="M 422 462 H 476 L 502 590 Q 504 606 488 606 H 434 Z" fill="#8C857A"/>
        <circle cx="366" cy="520" r="12" fill="#CBA25A"/>{close}"##
    )
}

/// The tall bottle that stands in the fridge overnight.
pub fn cold_brew_bottle() -> String {
    let shadow = shadow(372.0, 104.0);
    format!(
        r##"{shadow}
        <path d="M 330 176 V 254 C 330 300 274 306 274 366 V 576 Q 274 606 304 606 H 440 Q 470 606 470 576 V 366 C 470 306 414 300 414 254 V 176 Z" fill="#FFF" fill-opacity=".42"/>
        <path d="M 282 350 C 278 356 278 362 278 368 V 576 Q 278 600 304 600 H 440 Q 466 600 466 576 V 368 C 466 362 466 356 462 350 Z" fill="{COFFEE_DARK}"/>
        <ellipse cx="372" cy="350" rx="90" ry="12" fill="{COFFEE_TOP}"/>
        <rect x="326" y="330" width="92" height="214" rx="30" fill="#3F2116" fill-opacity=".7"/>
        <path d="M 342 350 V 520 M 362 350 V 528 M 382 350 V 528 M 402 350 V 520" stroke="#8A583B" stroke-opacity=".55" stroke-width="4" stroke-dasharray="5 7"/>
        <path d="M 330 176 V 254 C 330 300 274 306 274 366 V 576 Q 274 606 304 606 H 440 Q 470 606 470 576 V 366 C 470 306 414 300 414 254 V 176" fill="none" stroke="#FFF" stroke-opacity=".78" stroke-width="7"/>
        <path d="M 296 380 V 566" stroke="#FFF" stroke-opacity=".42" stroke-width="12" stroke-linecap="round"/>
        <path d="M 320 196 V 130 Q 320 112 338 112 H 412 L 436 132 Q 440 140 430 144 L 424 148 V 196 Q 424 204 416 204 H 328 Q 320 204 320 196 Z" fill="url(#green)"/>
        <path d="M 322 182 H 422" stroke="#1C281D" stroke-opacity=".45" stroke-width="5"/>"##
    )
}
